"""Correcting what was typed: by staff, and what is harmless by the runner."""
