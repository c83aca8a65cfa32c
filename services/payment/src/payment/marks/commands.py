"""Answers to queue marks."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from chassis.database import UnitOfWork
from chassis.tables import OUTBOX_QUEUE
from chassis.uptime.rules import is_closed
from contracts import PaymentDeadlineMoved, PaymentQueueMark, QueueMark, RegistrationCreated, RegistrationReopened
from contracts.ownership import owner_of
from contracts.topology import SUBSCRIPTIONS
from sqlalchemy import text

from payment.uptime.queries import settled_until

_PAYMENT_EVENTS: Final = [
    kind.TYPE
    for kind in SUBSCRIPTIONS["registration"]
    if owner_of(kind.TYPE) == "payment" and kind is not PaymentQueueMark
]
_OPENING: Final = [RegistrationCreated.TYPE, RegistrationReopened.TYPE]
"""Events that create or open an invoice."""

_EPOCH: Final = datetime.fromtimestamp(0, UTC)

_FIELD = """substring(convert_from(payload, 'UTF8') from '"{name}" ?: ?"([^"]+)"')"""
_TYPE, _OCCURRED_AT = _FIELD.format(name="type"), _FIELD.format(name="occurred_at")

# `occurred_at` is read as text: casting a malformed one would fail the whole query.
_UNPUBLISHED = text(f"""
    SELECT {_TYPE} AS type, {_OCCURRED_AT} AS occurred_at, created_at FROM outbox
     WHERE queue = '{OUTBOX_QUEUE}' AND {_TYPE} = ANY(CAST(:types AS text[]))
    UNION ALL
    SELECT {_TYPE}, {_OCCURRED_AT}, created_at FROM event_retries
     WHERE headers ->> 'event_type' = ANY(CAST(:opening AS text[]))
""")  # noqa: S608  # constants of ours


async def answer_mark(work: UnitOfWork, mark: QueueMark, *, subject: UUID) -> None:
    """Publish the time up to which registration has received all events of payment.

    That is the time of the oldest event in the outbox, or of the oldest retried event that would open an invoice. The
    time is when an event occurred, not when its row was inserted: the deadline of a registration whose event was
    delayed counts from the registration. While a moved deadline is in the outbox, the answer is the epoch: payment
    cannot tell which deadlines have passed.

    While no proofs can be taken, and until an outage is added to the deadlines, there is no answer: payment counts as
    unavailable.
    """
    open_until = await settled_until(work.session) or work.now  # before the outbox: what an outage moved is in there
    if is_closed(open_until, work.now):
        return
    rows = (await work.session.execute(_UNPUBLISHED, {"types": _PAYMENT_EVENTS, "opening": _OPENING})).all()
    spoken_until = min(mark.sent_at, work.now, open_until, *(_published_before(*row) for row in rows))
    work.publish(PaymentQueueMark(sent_at=mark.sent_at, spoken_until=spoken_until), subject=subject)


def _published_before(event_type: str, occurred_at: str | None, created_at: datetime) -> datetime:
    if event_type == PaymentDeadlineMoved.TYPE:
        return _EPOCH
    with suppress(ValueError, TypeError):
        return min(created_at, datetime.fromisoformat(occurred_at or ""))
    return created_at
