"""Agents that are played: whole lives over HTTP, or a written history straight into the database."""
