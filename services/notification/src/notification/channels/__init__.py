"""Channels: the providers that messages are sent through."""
