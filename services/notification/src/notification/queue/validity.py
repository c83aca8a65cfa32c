"""Conditions for outdated messages, for queueing, sending and resending."""

from collections.abc import Collection
from datetime import date, datetime, time
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import ColumnElement, Date, DateTime, and_, case, cast, exists, func, literal, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from notification.contacts.rules import BEFORE_AN_OFFER, SUPERSEDES, Stage
from notification.contacts.tables import Contact
from notification.messages.rules import EventType
from notification.queue.notified import CORRECTED_AT, refund_of
from notification.queue.tables import Notification
from notification.races.tables import Race

SUPERSEDED = "newer news came before it was sent"
TOO_LATE = "its time was over before it was sent"

PAYMENT_MESSAGES = frozenset({EventType.PAYMENT_UPLOADED, EventType.PAYMENT_REJECTED})
"""Types of messages that are valid only until the next one about the registration's payment."""

USDT_MESSAGES = frozenset({EventType.USDT_UNDERPAID, EventType.USDT_TAKEN_BACK})
"""Types of messages that are valid only until the next one about what is missing, or until the registration is paid."""

BEFORE_THE_RACE = frozenset({EventType.REGISTRATION_CONFIRMED, EventType.RACE_CHANGED})
"""Types of messages whose deadline is the start of the race day. They may still be sent on that day."""

_OUTLIVES_THE_RACE = frozenset(
    {
        EventType.REGISTRATION_CANCELLED,
        EventType.PAYMENT_REFUND_DUE,
        EventType.PAYMENT_REFUND_DONE,
        EventType.USDT_KEPT,
        EventType.ACCESS_LINKS,
    }
)
_ZONE_OF_OLDER_RACES = ZoneInfo("Asia/Jakarta")


async def is_outdated(session: AsyncSession, *, now: datetime) -> ColumnElement[bool]:
    """Return the condition that a message is superseded or too late at `now`."""
    return or_(superseded(), await too_late(session, now=now))


async def too_late(session: AsyncSession, *, now: datetime) -> ColumnElement[bool]:
    """Return the condition that the deadline of a message, or the day of its race, has passed at `now`."""
    zones = (await session.execute(select(Race.timezone).distinct())).scalars().all()
    over = func.coalesce(Race.event_date, Contact.event_date) < _today(zones, now)
    raced = (
        select(Contact.registration_id)
        .outerjoin(Race, Race.event_id == Contact.event_id)
        .where(Contact.registration_id == Notification.registration_id, over)
    )
    about_the_race = Notification.event_type.not_in(_OUTLIVES_THE_RACE)
    firm = Notification.event_type.not_in(BEFORE_THE_RACE)
    return or_(and_(firm, func.coalesce(_deadline() <= now, False)), and_(about_the_race, raced.exists()))


def race_day_begins(day: date, zone: str | None) -> datetime:
    """Return when the day begins in the time zone of the race."""
    return datetime.combine(day, time.min, tzinfo=_zone(zone) if zone else _ZONE_OF_OLDER_RACES)


def _today(zones: Collection[str | None], now: datetime) -> ColumnElement[date]:
    """Return the current date at the race, computed here: the database may not know the zone."""
    elsewhere = literal(now.astimezone(_ZONE_OF_OLDER_RACES).date(), Date)
    days = [(Race.timezone == zone, literal(now.astimezone(_zone(zone)).date(), Date)) for zone in zones if zone]
    return case(*days, else_=elsewhere) if days else elsewhere


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return _ZONE_OF_OLDER_RACES


def _deadline() -> ColumnElement[datetime]:
    """Return the deadline; messages of older releases have it only in the context."""
    named = (Notification.context[name].astext for name in ("offer_deadline", "payment_deadline"))
    return func.coalesce(Notification.deadline, *(cast(each, DateTime(timezone=True)) for each in named))


@cache
def superseded() -> ColumnElement[bool]:
    """Return the condition that a newer event of its registration, payment or race outdated a message.

    It is built once: that takes longer than the rest of a statement, and each message that is sent asks for it.
    """
    contact = exists().where(Contact.registration_id == Notification.registration_id)
    return or_(
        contact.where(or_(_by_stage(), _by_an_offer(), _by_the_race(), _by_a_later_end())),
        and_(
            Notification.event_type == EventType.REGISTRATION_CREATED,
            contact.where(Contact.payment_news_at.is_not(None)),
        ),
        and_(
            Notification.event_type.in_((EventType.REGISTRATION_CREATED, *PAYMENT_MESSAGES)), _newer_payment_message()
        ),
        and_(Notification.event_type == EventType.PAYMENT_REFUND_DUE, _refund_done()),
        and_(Notification.event_type == EventType.PAYMENT_REFUND_DONE, _corrected()),
        and_(Notification.event_type.in_(USDT_MESSAGES), not_(_was_settled()), or_(_confirmed(), _newer_underpaid())),
    )


def _by_stage() -> ColumnElement[bool]:
    return or_(
        *(
            and_(Contact.stage == stage, Notification.event_type.in_(SUPERSEDES[stage.latest_event_type]))
            for stage in Stage
        )
    )


def _by_an_offer() -> ColumnElement[bool]:
    """Return the condition that the waiting-list entry has had an offer, or has become a registration."""
    return and_(Notification.event_type == EventType.WAITLIST_JOINED, Contact.revision > BEFORE_AN_OFFER)


def _by_the_race() -> ColumnElement[bool]:
    """Return the condition that a newer change of the race was announced."""
    revision = Notification.context["revision"].as_integer()
    newer = select(Race.event_id).where(Race.event_id == Contact.event_id, Race.notified_revision > revision)
    return and_(Notification.event_type == EventType.RACE_CHANGED, newer.correlate(Contact, Notification).exists())


def _by_a_later_end() -> ColumnElement[bool]:
    """Return the condition that the offer has a later end than the message says."""
    return and_(Notification.event_type == EventType.WAITLIST_OFFERED, _deadline() < Contact.expires_at)


def _newer_payment_message() -> ColumnElement[bool]:
    other = aliased(Notification)
    newer = func.coalesce(other.payment_news, 0) > func.coalesce(Notification.payment_news, 0)
    return exists().where(other.registration_id == Notification.registration_id, newer)


def _was_settled() -> ColumnElement[bool]:
    """Return the condition that USDT which are gone had paid the registration: a confirmation before is no answer."""
    return func.coalesce(Notification.context["usdt"]["settled"].as_boolean(), False)


def _confirmed() -> ColumnElement[bool]:
    paid = (Contact.registration_id == Notification.registration_id, Contact.stage == Stage.CONFIRMED)
    return exists().where(*paid)


def _newer_underpaid() -> ColumnElement[bool]:
    """Return the condition that payment decided later what is missing."""
    other = aliased(Notification)
    underpaid = other.event_type == EventType.USDT_UNDERPAID
    newer = _decided_at(other) > _decided_at(Notification)
    return exists().where(other.registration_id == Notification.registration_id, underpaid, newer)


def _decided_at(message: type[Notification]) -> ColumnElement[datetime]:
    return cast(message.context["usdt"]["decided_at"].astext, DateTime(timezone=True))


def _refund_done() -> ColumnElement[bool]:
    """Return the condition that there is a message about the completion of the same refund."""
    other = aliased(Notification)
    same = refund_of(other) == refund_of(Notification)
    done = other.event_type == EventType.PAYMENT_REFUND_DONE
    return exists().where(other.registration_id == Notification.registration_id, done, same)


def _corrected() -> ColumnElement[bool]:
    """Return the condition that there is a message with a later correction of the reference of the same refund."""
    other = aliased(Notification)
    later = or_(_corrected_at(Notification).is_(None), _corrected_at(other) > _corrected_at(Notification))
    same = (refund_of(other) == refund_of(Notification), other.event_type == EventType.PAYMENT_REFUND_DONE)
    of_it = (other.registration_id == Notification.registration_id, *same, _corrected_at(other).is_not(None))
    return exists().where(*of_it, later)


def _corrected_at(message: type[Notification]) -> ColumnElement[datetime]:
    return cast(message.context[CORRECTED_AT].astext, DateTime(timezone=True))


def skip_reason(late: ColumnElement[bool]) -> ColumnElement[str]:
    """Return the reason of a skipped message for the log; `late` is the condition of `too_late`."""
    return case((late, TOO_LATE), else_=SUPERSEDED)
