"""Reconciliation: what each account should hold against what is seen there, as named differences."""
