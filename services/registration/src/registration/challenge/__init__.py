"""Proof that a person is registering, asked for by whoever is configured to tell people from programs."""
