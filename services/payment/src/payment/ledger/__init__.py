"""The ledger: each movement of money between two accounts, written with the fact that it records."""
