"""The form of a registration for one, five or ten, and of joining the waiting list."""
