"""Challenges that tell people from programs, checked by the configured provider."""
