"""Refunds of verified payments."""
