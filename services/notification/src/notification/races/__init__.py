"""Races and categories that messages are about."""
