"""Receiving keys: the extended public keys from which the addresses of invoices are derived."""
