"""The ledger: balances of its accounts, and the movements between them."""
