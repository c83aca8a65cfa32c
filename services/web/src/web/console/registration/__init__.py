"""One registration: everything about it, and what staff do with it."""
