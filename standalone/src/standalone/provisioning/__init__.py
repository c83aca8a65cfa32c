"""Preparing servers that services share: each gets a login of its own that opens nothing of the others'."""
