"""The route of the console's search that goes straight to one registration."""

from typing import Annotated
from uuid import UUID

from chassis.auth.access import AnyStaff
from chassis.web.dependencies import Read
from chassis.web.models import SearchText, View
from chassis.web.routing import Router
from fastapi import Query

from registration.lookup import queries
from registration.lookup.queries import Found

router = Router(tags=["registrations"])


class FoundView(View):
    """A registration, and by what it was found. `label` is the name of the participant whom the text fits."""

    kind: Found
    registration_id: UUID
    registration_number: str
    label: str


class LookupView(View):
    """At most ten registrations, the surest first."""

    items: list[FoundView]


@router.get("/registrations/lookup")
async def look_up(_: AnyStaff, session: Read, q: Annotated[SearchText | None, Query()] = None) -> LookupView:
    """Return the registrations that a number, BIB, ticket, e-mail address, WhatsApp number or name means."""
    return LookupView.model_validate({"items": await queries.look_up(session, q)})
