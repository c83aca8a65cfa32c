"""Rate limits and pauses of senders."""
