"""The search that goes straight to one registration."""
