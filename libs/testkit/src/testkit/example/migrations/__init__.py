"""The schema of the example service, step by step."""
