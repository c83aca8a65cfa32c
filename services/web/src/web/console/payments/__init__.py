"""Payments: the list, one payment with its proof, and the match with a bank statement."""
