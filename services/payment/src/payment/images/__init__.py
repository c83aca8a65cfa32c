"""Uploaded images: validation, re-encoding and storage."""
