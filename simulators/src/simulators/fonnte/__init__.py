"""A simulator of Fonnte's API that records the messages to send."""
