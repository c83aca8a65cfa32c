"""The schema of identity, step by step."""

DOCTOR_READS: tuple[str, ...] = ()
"""Tables that are compared with other services' by `startline doctor`, whose role may read no others."""
