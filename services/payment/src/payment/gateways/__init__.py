"""Payment gateways: what payment asks of one, the adapter of Midtrans, and its account."""
