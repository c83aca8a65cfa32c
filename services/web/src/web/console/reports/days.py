"""What an API finds wrong with the days of a report."""

from collections.abc import Awaitable, Mapping, Sequence
from typing import Final

from chassis.errors import InvalidFields

from web.console.apis import unless_away
from web.forms import FieldError
from web.upstream.client import AnswerT, Refused

_FIELDS: Final[Mapping[str, str]] = {"from": "first_day", "to": "last_day"}
"""Fields of the form by the names of the APIs."""


async def of_days(asked: Awaitable[AnswerT]) -> tuple[AnswerT | None, Sequence[FieldError]]:
    """Return an answer, None if its API is away, and what the API finds wrong with the days.

    Raises:
        Refused: not because of the query.
    """
    try:
        return await unless_away(asked), ()
    except Refused as refused:
        if refused.status != InvalidFields.status:
            raise
        wrong = refused.field_errors.items()
        return None, [FieldError(_FIELDS.get(name, _FIELDS["from"]), text) for name, text in wrong]
