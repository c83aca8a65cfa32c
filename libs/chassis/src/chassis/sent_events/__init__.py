"""Sent events: copies of the events that left the outbox, by day, which can be sent again after a restore."""
