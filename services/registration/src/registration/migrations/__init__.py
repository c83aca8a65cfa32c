"""The schema of registration, step by step."""
