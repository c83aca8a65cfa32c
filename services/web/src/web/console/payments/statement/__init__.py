"""Payments matched with the lines of a bank statement."""
