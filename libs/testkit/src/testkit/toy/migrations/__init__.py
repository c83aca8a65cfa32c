"""The schema of the toy."""

DOCTOR_READS: tuple[str, ...] = ()
