"""Proofs of payment, uploaded by runners or recorded by staff."""
