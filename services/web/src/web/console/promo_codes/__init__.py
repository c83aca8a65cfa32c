"""Promo codes: listed with their uses, created, changed and switched off."""
