"""Answers to the queue marks of registration: up to which time payment has published all its events."""
