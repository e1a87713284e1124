"""The operator extension (ours, INF): what the people of the service can do and the public contract has no word for."""
