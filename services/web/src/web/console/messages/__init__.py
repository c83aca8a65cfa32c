"""The log of messages: what was sent, to whom, what failed, and sending again."""
