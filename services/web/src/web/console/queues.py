"""The queues of all services: what waits, what was given up, what was processed, what jobs leave out."""

from datetime import datetime
from typing import Final
from urllib.parse import urlencode
from uuid import UUID

from fastapi import Request, Response

from web.console.access import POLL, Admin
from web.console.pages import console_page
from web.console.routing import ConsoleRouter
from web.console.services import AllServices
from web.upstream.client import Answer

router = ConsoleRouter()

PATH: Final = "/queues"


class _Waiting(Answer):
    waiting: int
    oldest_seconds: float | None


class _GivenUp(Answer):
    event_type: str
    failure_reason: str
    count: int

    @property
    def query(self) -> str:
        """Return the query string of the list of these dead letters alone."""
        return urlencode({"event_type": self.event_type, "failure_reason": self.failure_reason})


class _DeadLetters(Answer):
    count: int
    by_type: tuple[_GivenUp, ...]


class _Processed(Answer):
    event_type: str
    last_hour: int
    last_day: int


class _Aside(Answer):
    job: str
    subject_id: UUID
    reason: str
    age_seconds: float
    retry_at: datetime


class _Queues(Answer):
    outbox: _Waiting
    retries: _Waiting
    dead_letters: _DeadLetters
    processed: tuple[_Processed, ...]
    set_aside: tuple[_Aside, ...]


@router.page(PATH)
async def show_queues(request: Request, staff: Admin, services: AllServices) -> Response:
    """Show the queues of all services; a page that refreshes itself gets their state only."""
    answers = await services.get(_Queues, "/queues")
    given_up = [(name, item) for name, queues in answers.found.items() for item in queues.dead_letters.by_type]
    aside = [(name, item) for name, queues in answers.found.items() for item in queues.set_aside]
    return console_page(
        request,
        staff,
        "queues_live.html" if POLL in request.headers else "queues.html",
        queues=answers.found,
        away=answers.away,
        given_up=given_up,
        aside=aside,
        now=request.app.state.clock(),
    )
