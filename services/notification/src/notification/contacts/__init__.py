"""Contacts: registrations and participants that messages go to."""
