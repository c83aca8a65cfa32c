"""The schema of notification, step by step."""

DOCTOR_READS: tuple[str, ...] = ("contacts", "notifications", "senders", "contact_participants")
"""Tables that are compared with other services' by `startline doctor`, whose role may read no others."""
