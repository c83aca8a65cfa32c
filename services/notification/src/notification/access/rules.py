"""Paths that open a registration with its access code."""

from urllib.parse import quote
from uuid import UUID


def status_path(registration_id: UUID, registration_number: str | None, code: str) -> str:
    """Return the path of a registration's page. Waiting-list entries, which have no number, are named by their id."""
    return f"/r/{quote(registration_number or str(registration_id), safe='')}/{quote(code, safe='')}"
