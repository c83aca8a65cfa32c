"""Finding one registration by what a person at a desk has in hand."""
