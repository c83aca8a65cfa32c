"""The schema of notification, step by step."""
