"""Answering queue marks."""

from contextlib import suppress
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from chassis.database import UnitOfWork
from chassis.tables import OUTBOX_QUEUE
from contracts import PaymentDeadlineMoved, PaymentQueueMark, QueueMark, RegistrationCreated, RegistrationReopened
from contracts.ownership import owner_of
from contracts.topology import SUBSCRIPTIONS
from sqlalchemy import text

from payment.uptime.queries import settled_until
from payment.uptime.rules import is_closed

_NEWS: Final = [
    kind.TYPE
    for kind in SUBSCRIPTIONS["registration"]
    if owner_of(kind.TYPE) == "payment" and kind is not PaymentQueueMark
]
_OPENING: Final = [RegistrationCreated.TYPE, RegistrationReopened.TYPE]
"""Events without which nobody can pay."""

_LONG_AGO: Final = datetime.fromtimestamp(0, UTC)

_FIELD = """substring(convert_from(payload, 'UTF8') from '"{name}" ?: ?"([^"]+)"')"""
_TYPE, _OCCURRED_AT = _FIELD.format(name="type"), _FIELD.format(name="occurred_at")

# When an event happened is read as text: one that is malformed would fail the whole query.
_UNDER_WAY = text(f"""
    SELECT {_TYPE} AS type, {_OCCURRED_AT} AS occurred_at, created_at FROM outbox
     WHERE queue = '{OUTBOX_QUEUE}' AND {_TYPE} = ANY(CAST(:news AS text[]))
    UNION ALL
    SELECT {_TYPE}, {_OCCURRED_AT}, created_at FROM event_retries
     WHERE headers ->> 'event_type' = ANY(CAST(:opening AS text[]))
""")  # noqa: S608  # constants of ours


async def answer_mark(work: UnitOfWork, mark: QueueMark, *, subject: UUID) -> None:
    """Publish how far payment has spoken: up to the oldest event that registration has not been sent, or that would
    open an invoice and waits for another try.

    It counts from when an event happened, not from when its row was made: a registration whose event was held up for
    an hour had its deadline counted from the registration on. What happens from now on is later than this clock says.
    While a deadline that was moved waits to be sent, payment cannot say which ones have passed.

    While no proofs can be taken, and until an outage is in the deadlines, there is no answer: payment counts as away.
    """
    open_until = await settled_until(work.session) or work.now  # before the outbox: what an outage moved is in there
    if is_closed(open_until, work.now):
        return
    rows = (await work.session.execute(_UNDER_WAY, {"news": _NEWS, "opening": _OPENING})).all()
    spoken_until = min(mark.sent_at, work.now, open_until, *(_spoken_before(*row) for row in rows))
    work.publish(PaymentQueueMark(sent_at=mark.sent_at, spoken_until=spoken_until), subject=subject)


def _spoken_before(event_type: str, occurred_at: str | None, created_at: datetime) -> datetime:
    if event_type == PaymentDeadlineMoved.TYPE:
        return _LONG_AGO
    with suppress(ValueError, TypeError):
        return min(created_at, datetime.fromisoformat(occurred_at or ""))
    return created_at
