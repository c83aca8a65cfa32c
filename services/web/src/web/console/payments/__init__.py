"""Payments: the list, and one payment with its proof."""
