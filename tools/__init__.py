"""What the Makefile calls: preparing the environment, running the tests and the checks."""
