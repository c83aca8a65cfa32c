"""The current names of races and categories."""
