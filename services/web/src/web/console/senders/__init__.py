"""The senders of messages: their health, their limits and accounts, and test messages."""
