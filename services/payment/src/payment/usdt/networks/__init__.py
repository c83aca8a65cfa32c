"""The networks on which invoices can be paid: their settings, the probing of endpoints, and which can be used now."""
