"""Searching the roster at a station, with who has collected a pack."""
