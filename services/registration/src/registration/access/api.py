"""Routes for access by link: exchanging a link for a runner token, requesting links, and the page behind a link."""

from typing import Annotated
from uuid import UUID

from chassis.auth.access import Admin, public
from chassis.errors import InvalidFields
from chassis.web.dependencies import Read, Work, from_state
from chassis.web.limits import AddressLimit, TooManyRequests
from chassis.web.models import Body, Line, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from chassis.wording import Refused, language_of_request
from fastapi import Depends, Path, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from pydantic import Field

from registration.access import commands, page, queries
from registration.access.errors import UnknownLink
from registration.dependencies import Codes
from registration.entries.errors import UnknownRegistration
from registration.tokens import RunnerTokens

router = Router(tags=["access"])

Tokens = Annotated[RunnerTokens, from_state("runner_tokens")]
Number = Annotated[str, Path(min_length=1, max_length=50)]
Code = Annotated[str, Path(min_length=1, max_length=64)]


async def _not_too_often(request: Request) -> None:
    limit: AddressLimit = request.app.state.limits["access"]
    limit.admit(request)


throttled = Depends(_not_too_often)


class AccessForm(Body):
    """The parts of a link."""

    registration_number: Annotated[Line, Field(max_length=50)]
    access_code: Annotated[Line, Field(max_length=64)]


class Access(View):
    """A runner token for the registration or waiting list entry of the link."""

    registration_id: UUID
    runner_token: str
    expires_in: int


class RecoveryForm(Body):
    """An e-mail address or WhatsApp number, in any spelling."""

    contact: Line


class Recovery(View):
    """The same answer whether or not the contact is known."""

    accepted: bool = True


class StatusLink(View):
    """The link of the registration from now on."""

    status_url: str


@router.post("/access", dependencies=[public, throttled], responses=errors(UnknownLink, TooManyRequests))
async def open_link(body: AccessForm, session: Read, codes: Codes, tokens: Tokens) -> Access:
    """Exchange a link for a runner token."""
    opened = await queries.opened_by(session, codes, body.registration_number, body.access_code)
    issued = await tokens.issue(opened.registration_id)
    return Access(
        registration_id=opened.registration_id, runner_token=issued, expires_in=int(tokens.lifetime.total_seconds())
    )


@router.post("/access/recover", status_code=202, dependencies=[public, throttled], responses=errors(TooManyRequests))
async def recover(body: RecoveryForm, work: Work, codes: Codes) -> Recovery:
    """Send the links of all live registrations that a contact is in charge of to that contact.

    The answer is the same, and takes the same time, for contacts that are known and unknown. A contact gets at most one
    message in two minutes and six a day.
    """
    try:
        kind, contact = commands.read_contact(body.contact)
    except Refused as refused:
        raise InvalidFields(("contact", refused.wording)) from None
    await commands.ask_for_links(work, codes, kind, contact)
    return Recovery()


@router.post("/registrations/{registration_id}/access-code", responses=errors(UnknownRegistration))
async def replace_code(registration_id: UUID, staff: Admin, work: Work, codes: Codes) -> StatusLink:
    """Create a new link for a registration or waiting list entry; links sent before become invalid."""
    return StatusLink(status_url=await commands.replace_code(work, codes, registration_id, by=staff.actor))


@router.get(
    "/links/{registration}/{code}",
    dependencies=[public, throttled],
    response_model=page.StatusFacts,
    responses={
        **errors(TooManyRequests),
        200: {"content": {"text/html": {}}},
        404: {**errors(UnknownLink)[404], "content": {"text/html": {}}},
    },
)
async def show_status(registration: Number, code: Code, request: Request, session: Read, codes: Codes) -> Response:
    """Show the registration behind a link: a plain page for browsers, JSON for other clients."""
    language, for_people = language_of_request.get(), "text/html" in request.headers.get("accept", "")
    try:
        opened = await queries.opened_by(session, codes, registration, code)
    except UnknownLink:
        if not for_people:
            raise
        return HTMLResponse(page.rendered_dead_link(language), UnknownLink.status, headers=page.HEADERS)
    facts = await page.facts_of(session, opened, now=request.app.state.database.clock())
    if for_people:
        return HTMLResponse(page.rendered(facts, language), headers=page.HEADERS)
    return JSONResponse(facts.model_dump(mode="json"), headers={"Vary": "Accept"})
