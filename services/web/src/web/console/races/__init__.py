"""Races in the console: their facts, pictures and categories, and where the places of a category are."""
