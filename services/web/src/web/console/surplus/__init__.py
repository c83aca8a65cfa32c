"""Money that no invoice took: whose it is, and giving it back."""
