"""Sessions: login, refresh, their end, and waits after failed logins."""
