"""Lists of payment's API that are filtered by race and words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic

from chassis.errors import InvalidFields

from web.console.apis import StaffApi
from web.console.catalog import Race, races_and_one
from web.console.lists import ListState
from web.forms import FieldError, Form
from web.upstream.client import AnswerT, Refused


@dataclass(frozen=True)
class Filtered(Generic[AnswerT]):
    """A page of a list with its filters.

    Attributes:
        found: None if a filter was refused, of which the form says which, or could not be applied.
        races: those to choose from; none while they are away.
        unapplied: the race that was asked for, if it cannot be found as races are away; empty otherwise.
    """

    found: AnswerT | None
    form: Form
    races: Sequence[Race]
    race: Race | None
    unapplied: str = ""

    @property
    def shown(self) -> Mapping[str, Any]:
        """Return the values that the templates of all such lists need."""
        status = InvalidFields.status if self.form.errors else 200
        names = ("form", "races", "race", "unapplied")
        return {"status": status, **{name: getattr(self, name) for name in names}}


async def filtered(
    kind: type[AnswerT],
    path: str,
    state: ListState,
    query: Mapping[str, str | None],
    *,
    payment: StaffApi,
    registration: StaffApi,
) -> Filtered[AnswerT]:
    """Return a page of a list of payment's API. While races are away, nothing is found for one of them.

    Raises:
        NotFound: there is no such race.
        Refused, Unavailable: see `ApiClient.call`.
    """
    races, race, unapplied = await races_and_one(registration, state.value("race"))
    if unapplied:
        return Filtered(None, Form(state.filters), (), None, unapplied)
    event_id = race.id if race else None
    try:
        found = await payment.get(kind, path, cursor=state.cursor, event_id=event_id, **query)
    except Refused as refused:
        if refused.status != InvalidFields.status:
            raise
        errors = [FieldError(name, text) for name, text in refused.field_errors.items()]
        return Filtered(None, Form(state.filters, errors), races or (), race)
    return Filtered(found, Form(state.filters), races or (), race)
