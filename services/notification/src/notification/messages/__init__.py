"""Event types, channels and languages of messages."""
