"""The first page: what needs staff, how a race stands, and how it came to that."""
