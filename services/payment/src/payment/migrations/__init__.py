"""The schema of payment, step by step."""
