"""Invoices that are paid in USDT: what counts as paid, deadlines, and the routes of runners and staff."""
