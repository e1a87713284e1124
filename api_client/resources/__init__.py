"""The endpoints, one class each group (contract 2)."""
