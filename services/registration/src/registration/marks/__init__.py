"""Marks that the service sends through its own queue: what was in it before has been heard."""
