"""Public pages about races."""
