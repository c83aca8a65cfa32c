"""Charges of a payment gateway: one row per attempt to pay an invoice, at most one active per invoice."""
