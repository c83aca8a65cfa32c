"""Addresses that open a registration."""

from urllib.parse import quote
from uuid import UUID


def status_path(registration_id: UUID, registration_number: str | None, code: str) -> str:
    """Return the path of a registration's own page; a place in line, which has no number, is named by its id."""
    return f"/r/{quote(registration_number or str(registration_id), safe='')}/{quote(code, safe='')}"
