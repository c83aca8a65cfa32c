"""Invoices: the amount that a registration costs, its deadline and its status."""
