"""One module per area of the contract; a view reads the body, calls one service and answers."""
