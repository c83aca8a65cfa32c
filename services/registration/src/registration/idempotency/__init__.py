"""Idempotency keys: stored first responses, which are repeated for repeated requests."""
