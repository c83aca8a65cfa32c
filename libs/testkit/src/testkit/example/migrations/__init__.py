"""Migrations of the example service's schema."""
