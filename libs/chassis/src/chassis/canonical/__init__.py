"""Canonical forms in which names, phone numbers and e-mail addresses are stored, sent, searched and compared."""
