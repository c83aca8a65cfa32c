"""What is owed for a registration, and how that stands."""
