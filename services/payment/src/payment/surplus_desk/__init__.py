"""Money that no invoice took, as staff see it, decide about it, and send it back through the gateway."""
