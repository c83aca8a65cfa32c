"""Limits of what runners and staff upload."""

MAX_FILE_BYTES = 2 * 1024 * 1024
"""Maximum size of a proof and of the QRIS image."""
