"""Races and categories, as far as sums and reports need them."""
