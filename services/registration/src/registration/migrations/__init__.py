"""The schema of registration, step by step."""

DOCTOR_READS: tuple[str, ...] = (
    "registrations",
    "participants",
    "race_categories",
    "category_places",
    "waitlist_entries",
    "registration_counts",
    "set_aside",
)
"""Tables that are compared with other services' by `startline doctor`, whose role may read no others."""
