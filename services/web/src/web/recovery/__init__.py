"""Requests for the link of a registration."""
