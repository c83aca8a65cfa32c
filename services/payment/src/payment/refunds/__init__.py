"""Money that has to go back."""
