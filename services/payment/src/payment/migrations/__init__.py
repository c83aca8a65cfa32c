"""The schema of payment, step by step."""

DOCTOR_READS: tuple[str, ...] = ("invoices", "payments", "refunds")
"""Tables that are compared with other services' by `startline doctor`, whose role may read no others."""
