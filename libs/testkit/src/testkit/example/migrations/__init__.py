"""The schema of the example."""

DOCTOR_READS: tuple[str, ...] = ()
