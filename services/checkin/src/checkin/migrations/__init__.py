"""The schema of checkin, step by step."""
