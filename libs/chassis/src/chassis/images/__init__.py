"""Uploaded images: validation, re-encoding and storage. Needs the extra `images` of this package."""
