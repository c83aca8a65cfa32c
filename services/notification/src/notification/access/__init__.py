"""Access codes, which open a registration from a link in a message."""
