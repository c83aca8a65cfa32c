"""The schema of identity, step by step."""
