"""The waiting lists of a race."""
