"""Staff's notes about registrations."""
