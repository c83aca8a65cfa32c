"""Migrations of registration's schema."""
