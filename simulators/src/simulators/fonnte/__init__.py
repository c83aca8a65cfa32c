"""Answers as Fonnte's API does, and remembers what it was asked to send."""
