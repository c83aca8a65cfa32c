"""Answers to registration's queue marks: how far payment has spoken."""
