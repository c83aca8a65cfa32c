"""Bringing rows from before there were canonical forms into them."""
