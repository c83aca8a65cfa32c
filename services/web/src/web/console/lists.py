"""Lists whose whole state is in their address: filters, order, and the page."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Self
from urllib.parse import urlencode

from fastapi import Request

CURSOR: Final = "cursor"
"""Query parameter of the page; without it, the first one."""

_LONGEST: Final = 1000


@dataclass(frozen=True)
class ListState:
    """What the address of a list asks for.

    Attributes:
        filters: those that are set, by name.
        sort: names the order; empty for the usual one.
        cursor: of the page; None for the first.
    """

    filters: Mapping[str, str] = field(default_factory=dict)
    sort: str = ""
    cursor: str | None = None

    @classmethod
    def of(cls, request: Request, filters: Sequence[str]) -> Self:
        """Return the state in the address of a request; of its parameters, only these filters count."""
        given = {name: request.query_params.get(name, "").strip()[:_LONGEST] for name in (*filters, "sort", CURSOR)}
        found = {name: given[name] for name in filters if given[name]}
        return cls(found, given["sort"], given[CURSOR] or None)

    def value(self, name: str) -> str:
        """Return a filter; empty if it is not set."""
        return self.filters.get(name, "")

    def query(self, **changes: str) -> str:
        """Return the query string of the first page of this list with changes; empty values leave a parameter out."""
        asked = {**self.filters, "sort": self.sort, **changes}
        return urlencode({name: value for name, value in asked.items() if value})

    def page(self, cursor: str) -> str:
        """Return the query string of another page of this list."""
        return self.query(**{CURSOR: cursor})

    def without(self, name: str) -> str:
        """Return the query string of this list without a filter, for its chip."""
        return self.query(**{name: ""})
