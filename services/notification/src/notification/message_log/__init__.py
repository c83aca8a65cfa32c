"""The log of messages as they were sent, sealed."""
