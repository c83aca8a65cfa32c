"""Refunds: what has to be paid back, and what was."""
