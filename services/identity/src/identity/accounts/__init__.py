"""Staff accounts: their data, their passwords, and what is refused as a password."""
