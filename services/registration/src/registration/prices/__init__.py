"""Phases of prices and promo codes: what a registration costs, and how often each may be used."""
