"""The roster as devices keep it, for a hall without a network."""
