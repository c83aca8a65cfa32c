"""Views of lists that a member of staff saved under a name."""
