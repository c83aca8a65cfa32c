"""Invoices paid in USDT on EVM networks, to addresses derived from an extended public key."""
