"""What staff write down about a registration."""
