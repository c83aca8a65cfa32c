"""The history of one registration."""
