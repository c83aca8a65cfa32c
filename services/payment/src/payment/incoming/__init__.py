"""Money that arrived without a proof: it pays an invoice, or is kept until a person decides whose it is."""
