"""What the hosted API says, as frozen typed records (contract 2 and 3)."""
