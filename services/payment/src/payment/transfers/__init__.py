"""Transfers with an amount of their own, by which a line of a bank statement says whose it is."""
