"""The schema of the pages' database, step by step."""
