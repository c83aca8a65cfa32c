"""The daily reconciliation: what was expected in each account, and what was seen."""
