"""The form of a bulk action as it was sent."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Self
from uuid import UUID

from chassis.web.forms import form_of
from fastapi import Request
from starlette.datastructures import QueryParams

from web.console.registrations.selection import ids_in, numbers_in
from web.forms import typed

_MOST_FIELDS: Final = 250
_MOST_IDS: Final = 200


@dataclass(frozen=True)
class SentForm:
    """What was sent.

    Attributes:
        numbers: the number of each registration, as the form named it.
        key: of this form; sent again, it has the same effect once.
        asked: the selection that the form is of.
    """

    ids: Sequence[UUID]
    numbers: Mapping[UUID, str]
    values: Mapping[str, str]

    @classmethod
    async def of(cls, request: Request) -> Self:
        """Return the form of a request."""
        async with form_of(request, max_fields=_MOST_FIELDS) as form:
            named, values = form.getlist("id"), typed(form)
        return cls(tuple(dict.fromkeys(ids_in(named)))[:_MOST_IDS], numbers_in(named), values)

    @property
    def key(self) -> str:
        """Return the key of the form; empty if it has none that an API accepts."""
        key = self.values.get("key", "")
        return key if key.isascii() and key.isalnum() and len(key) <= 64 else ""  # noqa: PLR2004

    @property
    def headers(self) -> Mapping[str, str]:
        """Return the header that makes a repeat have no second effect."""
        return {"Idempotency-Key": self.key} if self.key else {}

    @property
    def asked(self) -> QueryParams:
        """Return the selection that the form is of."""
        return QueryParams(self.values.get("selection", ""))
