"""The lists whose state can be saved."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qsl, urlencode

from chassis.errors import NotFound

PATHS: Final[Mapping[str, str]] = {
    "registrations": "/console/registrations",
    "participants": "/console/participants",
}
"""The path of each list, by its name."""

_NOT_SAVED: Final = frozenset({"race", "cursor", "done"})
_LONGEST: Final = 2000


def path_of(page: str) -> str:
    """Return the path of a list.

    Raises:
        NotFound: there is no such list.
    """
    if page not in PATHS:
        raise NotFound
    return PATHS[page]


def saved_part(query: str) -> str:
    """Return the part of a query string that is saved. A view fits every race; it has neither page nor message."""
    pairs = [(name, value) for name, value in parse_qsl(query) if name not in _NOT_SAVED]
    return urlencode(pairs)[:_LONGEST]


def with_race(query: str, race: str) -> str:
    """Return the query string of a view for a race; empty for none."""
    return "&".join(part for part in (urlencode({"race": race}) if race else "", query) if part)
