"""Reports on money: sums that triggers keep, by race, category, type, method and time."""
