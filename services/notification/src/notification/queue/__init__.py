"""The outbound queue of messages, which is also their log."""
