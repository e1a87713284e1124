"""The contract's rules as pure functions: no database, no HTTP, no clock of their own."""
