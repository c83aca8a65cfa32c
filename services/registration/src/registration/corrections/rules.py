"""Which fields may be corrected, by whom, and how the audit log shows them."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from chassis.canonical.phones import canonical_phone, canonical_whatsapp

RUNNERS_OWN: Final = frozenset(
    {"jersey_size", "email", "whatsapp", "emergency_contact_name", "emergency_contact_phone"}
)
"""The fields that a runner may correct."""

PHONES: Final[Mapping[str, Callable[[str], str]]] = {
    "whatsapp": canonical_whatsapp,
    "emergency_contact_phone": canonical_phone,
}
"""The fields that are phone numbers, with their parsers."""

PUBLISHED_FIELDS: Final = frozenset({"full_name", "email", "whatsapp", "jersey_size"})
"""The fields that other services copy."""

PUBLISHED_OF_THE_LINE: Final = frozenset({"full_name", "email", "whatsapp"})
"""The fields of the person in charge that other services copy of a waiting list entry."""

WHO_THEY_ARE: Final = frozenset({"full_name", "date_of_birth", "identity_number"})
"""The fields that the person key is computed from."""

_SHOWN: Final = frozenset({"jersey_size", "gender"})


def masked(field: str, value: Any) -> str | None:
    """Return enough of a value to recognise it, but not to use it: `b…m`; choices from a list stay unchanged."""
    if value is None or field in _SHOWN:
        return None if value is None else str(value)
    text = str(value)
    return f"{text[:1]}…{text[-1:]}" if len(text) > 1 else "…"


def masked_values(values: dict[str, Any], fields: Iterable[str]) -> dict[str, str | None]:
    """Return the fields' values, each masked."""
    return {field: masked(field, values[field]) for field in sorted(fields)}
