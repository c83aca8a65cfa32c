"""The list of registrations, and what is done to many of them at once."""
