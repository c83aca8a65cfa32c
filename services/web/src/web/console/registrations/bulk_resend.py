"""Sending a message of many registrations again, and what became of each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID, uuid4

from chassis.errors import Unavailable
from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Notification, Registration, StaffApi, unless_away
from web.console.pages import console_page
from web.console.registrations.answers import Message, Messages
from web.console.registrations.selection import Selection, each_of, rows_of
from web.console.registrations.sent_form import SentForm
from web.console.routing import ConsoleRouter
from web.upstream.client import Refused

router = ConsoleRouter()

KINDS: Final[Mapping[str, str]] = {"ticket": "registration.confirmed", "payment": "registration.created"}
"""What can be sent again: the e-ticket, and how to pay. The values are events of the message log."""

_PATH: Final = "/registrations/bulk/resend"
_AT_ONCE: Final = 50
_MOST_MESSAGES: Final = 200
_OF_THE_CALLER: Final = frozenset({401, 403})
_REFUSALS: Final = {"message_waiting": "waiting", "message_superseded": "outdated"}


class Sent(StrEnum):
    """What became of one message. Once the worst of a registration's messages is known, the others matter less."""

    NONE = "none"
    QUEUED = "queued"
    WAITING = "waiting"
    ALREADY = "already"
    OUTDATED = "outdated"
    REFUSED = "refused"
    UNSURE = "unsure"


@dataclass(frozen=True)
class Result:
    """What became of the messages of one registration: how many were queued, and why others were not."""

    registration_id: UUID
    messages: Sequence[Sent]

    @property
    def queued(self) -> int:
        """Return how many messages are sent again."""
        return sum(each is Sent.QUEUED for each in self.messages)

    @property
    def others(self) -> Sequence[Sent]:
        """Return why others were not sent again, each reason once; that there is none, if there is none."""
        return [each for each in Sent if each is not Sent.QUEUED and each in (self.messages or [Sent.NONE])]


@router.page(_PATH)
async def confirm(request: Request, staff: Admin, registration: Registration) -> Response:
    """Name the registrations, and have the message chosen."""
    selection = await Selection.of(request, request.query_params, registration, at_once=_AT_ONCE)
    rows = await rows_of(registration, selection.ids)
    chosen = request.query_params.get("message", "")
    return console_page(
        request,
        staff,
        "registrations/resend.html",
        race=selection.wanted.race,
        selection=selection,
        rows=rows,
        ids=[f"{row.registration_id} {row.registration_number}" for row in rows],
        kinds=tuple(KINDS),
        chosen=chosen if chosen in KINDS else "ticket",
        opened=request.app.state.clock().isoformat(),
        key=uuid4().hex,
    )


@router.action(_PATH)
async def resend(request: Request, staff: Admin, registration: Registration, notification: Notification) -> Response:
    """Send the newest message of the kind to each participant again, unless it was since the form was opened."""
    sent = await SentForm.of(request)
    selection = (await Selection.described(request, sent.asked, registration)).of_form(sent.ids)
    kind = sent.values.get("message", "")
    kind = kind if kind in KINDS else "ticket"
    again = _Again(notification, KINDS[kind], _opened(sent, selection.until))
    results = await each_of(sent.ids, again.send)
    rest = None
    if selection.is_all and sent.ids:
        rest = await unless_away(selection.behind(max(sent.ids)).matching(registration, at_once=_AT_ONCE))
    return console_page(
        request,
        staff,
        "registrations/resent.html",
        race=selection.wanted.race,
        selection=selection,
        results=results,
        queued=sum(each.queued for each in results),
        is_unsure=any(Sent.UNSURE in each.messages for each in results),
        numbers=sent.numbers,
        values=sent.values,
        ids=[f"{each} {number}" for each, number in sent.numbers.items()],
        kind=kind,
        rest=rest if rest and rest.left else None,
    )


def _opened(sent: SentForm, otherwise: datetime) -> datetime:
    try:
        found = datetime.fromisoformat(sent.values.get("opened", ""))
    except ValueError:
        return otherwise
    return found if found.tzinfo else otherwise


@dataclass(frozen=True)
class _Again:
    """Sends messages of a kind again.

    Attributes:
        opened: what was sent since needs no further copy: the form was sent twice.
    """

    notification: StaffApi
    event_type: str
    opened: datetime

    async def send(self, registration_id: UUID) -> Result:
        """Send the messages of a registration again."""
        asked = {"registration_id": str(registration_id), "event_type": self.event_type, "limit": _MOST_MESSAGES}
        found = await unless_away(self.notification.get(Messages, "/notifications", **asked))
        if found is None:
            return Result(registration_id, [Sent.UNSURE])
        return Result(registration_id, [await self._one(messages) for messages in _by_recipient(found)])

    async def _one(self, messages: Sequence[Message]) -> Sent:
        if any(each.sent_at is not None and each.sent_at >= self.opened for each in messages) or any(
            each.created_at >= self.opened for each in messages
        ):
            return Sent.ALREADY
        try:
            await self.notification.call("POST", f"/notifications/{messages[0].id}/resend")
        except Unavailable:
            return Sent.UNSURE
        except Refused as refused:
            if refused.status in _OF_THE_CALLER:
                raise
            return Sent(_REFUSALS.get(refused.code, "refused"))
        return Sent.QUEUED


def _by_recipient(found: Messages) -> Sequence[Sequence[Message]]:
    """Return the messages of each participant and channel, the newest first."""
    grouped: dict[tuple[UUID | None, str], list[Message]] = {}
    for each in sorted(found.items, key=lambda message: message.created_at, reverse=True):
        grouped.setdefault((each.participant_id, each.channel), []).append(each)
    return list(grouped.values())
