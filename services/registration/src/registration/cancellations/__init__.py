"""Cancelling by staff: the effects named before, and many registrations at once."""
