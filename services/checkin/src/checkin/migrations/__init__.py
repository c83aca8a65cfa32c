"""The schema of checkin, step by step."""

DOCTOR_READS: tuple[str, ...] = ("roster", "checkins")
"""Tables that are compared with other services' by `startline doctor`, whose role may read no others."""
