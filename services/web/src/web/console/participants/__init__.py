"""The participants of a race."""
