"""The hosted API's contract, served locally on its own port, database and settings; it knows nobody of this project."""
