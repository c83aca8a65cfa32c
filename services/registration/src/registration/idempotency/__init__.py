"""Idempotency keys: the stored first answers to requests, which repeated requests get again."""
