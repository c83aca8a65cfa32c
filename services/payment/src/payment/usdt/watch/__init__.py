"""Watching the chains: transfers to the addresses of invoices, until they are confirmed or gone."""
