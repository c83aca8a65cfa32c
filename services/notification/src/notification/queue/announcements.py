"""Messages about more than one registration: changes of a race, and requested links."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

from chassis.aside import aside_of, for_all, retry_aside
from chassis.database import Database, UnitOfWork
from chassis.portions import change_portion, delete_in_portions
from contracts import AccessLink, AccessLinksRequested
from sqlalchemy import ColumnElement, String, column, func, literal, select, update, values
from sqlalchemy.dialects.postgresql import insert as upsert

from notification.contacts.linking import SAME_COPIES
from notification.contacts.rules import Stage
from notification.contacts.tables import Contact, Participant
from notification.messages.rules import Channel, EventType
from notification.queue.rules import KEEP_LINK_MESSAGES, LINKS_WAIT, PRIORITIES, WAITING, Status
from notification.queue.tables import Notification
from notification.queue.validity import BEFORE_THE_RACE, race_day_begins
from notification.races.tables import Race

_PORTION = 300
"""Registrations per transaction: with ten participants each and two channels, queueing takes seconds."""

_UNANNOUNCED = Race.announced_revision < Race.notified_revision


async def announce_change(work: UnitOfWork, event_id: UUID) -> None:
    """Queue the first messages about the newest change of the race; `announce_rest` queues the others.

    Each participant of its confirmed registrations gets one. The message contains the revision: it is skipped once a
    newer change is announced.
    """
    await _announce_batch(work, event_id)


async def announce_rest(database: Database) -> None:
    """Queue the messages about changed races that are still missing, one portion per transaction.

    After a restart it continues behind the last portion. Races that it fails for are set aside.
    """
    await _for_each_race(database, "announce_changes", _UNANNOUNCED, _announce_batch)


async def _for_each_race(
    database: Database,
    job: str,
    which: ColumnElement[bool],
    do: Callable[[UnitOfWork, UUID], Awaitable[bool]],
) -> None:
    """Run `do` for each of these races until it returns that nothing is left. Set aside races that it fails for."""

    async def do_some(work: UnitOfWork, event_ids: Sequence[UUID]) -> int:
        return sum([await do(work, event_id) for event_id in event_ids])

    async with database.read() as session:
        aside = await aside_of(session, job)
        found = (await session.execute(select(Race.event_id).where(which).order_by(Race.event_id))).scalars().all()
    for event_id in (each for each in found if each not in aside):
        while await for_all(database, job, [event_id], do_some):
            pass
    await retry_aside(database, job, do_some)  # last, as a run has a time limit


async def _announce_batch(work: UnitOfWork, event_id: UUID) -> bool:
    """Queue a portion of the messages about a changed race. Return False if none is missing."""
    unfinished = select(Race).where(_UNANNOUNCED, Race.event_id == event_id)
    locked = unfinished.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    race = (await work.session.execute(locked)).scalar_one_or_none()
    if race is None:
        return False
    confirmed = select(Contact.registration_id).where(
        Contact.event_id == race.event_id, Contact.stage == Stage.CONFIRMED
    )
    if race.announced_to is not None:
        confirmed = confirmed.where(Contact.registration_id > race.announced_to)
    portion = (await work.session.execute(confirmed.order_by(Contact.registration_id).limit(_PORTION))).scalars().all()
    await _enqueue_change(work, portion, race)
    if len(portion) == _PORTION:
        race.announced_to = portion[-1]
    else:
        race.announced_revision, race.announced_to = race.notified_revision, None
    return True


async def announce_late(work: UnitOfWork, registration_id: UUID) -> None:
    """Queue what `announce_change` missed, because the registration was not linked to its race yet.

    Registrations whose copies are equal to the current race were confirmed after the change and are left out.
    """
    missed = (Contact.registration_id == registration_id, Race.notified_revision > 0, ~SAME_COPIES)
    found = select(Race).join(Contact, Contact.event_id == Race.event_id).where(*missed)
    race = (await work.session.execute(found)).scalar_one_or_none()
    if race is not None:
        await _enqueue_change(work, [registration_id], race)


async def _enqueue_change(work: UnitOfWork, registrations: Sequence[UUID], race: Race) -> None:
    """Queue a message to each participant of the confirmed ones of these registrations, in one statement."""
    revision = literal(race.notified_revision)
    kind, runner = EventType.RACE_CHANGED, Participant
    channels = values(column("channel", String), name="channels").data([(each.value,) for each in Channel])
    channel = channels.c.channel
    columns: dict[str, Any] = {
        "id": func.gen_random_uuid(),
        "dedupe_key": func.concat_ws(":", runner.registration_id, runner.participant_id, channel, kind.value, revision),
        "registration_id": runner.registration_id,
        "participant_id": runner.participant_id,
        "channel": channel,
        "event_type": literal(kind.value),
        "priority": literal(PRIORITIES[kind].value),
        "status": literal(Status.PENDING.value),
        "context": func.jsonb_build_object("revision", revision),
        "deadline": literal(race_day_begins(race.event_date, race.timezone)),
        **dict.fromkeys(("next_attempt_at", "created_at", "updated_at"), literal(work.now)),
    }
    messages = (
        select(*columns.values())
        .select_from(runner)
        .join(Contact, Contact.registration_id == runner.registration_id)
        .join(channels, literal(True))
        .where(Contact.registration_id.in_(registrations), Contact.stage == Stage.CONFIRMED)
    )
    await work.session.execute(upsert(Notification).from_select(list(columns), messages).on_conflict_do_nothing())


async def follow_race_days(database: Database) -> None:
    """Move the deadlines of waiting tickets and race changes to the current day of their race.

    Races that it fails for are set aside.
    """
    await _for_each_race(database, "follow_race_days", Race.deadlines_revision < Race.revision, _follow_race_day)


async def _follow_race_day(work: UnitOfWork, event_id: UUID) -> bool:
    """Move the deadlines of a portion of messages. Return whether more may be left."""
    race = (await work.session.execute(select(Race).where(Race.event_id == event_id))).scalar_one_or_none()
    if race is None:
        return False
    begins = race_day_begins(race.event_date, race.timezone)
    of_the_race = Contact.event_id == event_id, Contact.registration_id == Notification.registration_id
    more = await change_portion(
        work,
        Notification,
        {"deadline": begins},
        Notification.status == Status.PENDING,
        Notification.event_type.in_(BEFORE_THE_RACE),
        Notification.deadline.is_distinct_from(begins),
        select(Contact.registration_id).where(*of_the_race).exists(),
    )
    if not more:
        followed = update(Race).where(Race.event_id == event_id).values(deadlines_revision=race.revision)
        await work.session.execute(followed)
    return more


async def enqueue_links(work: UnitOfWork, requested: AccessLinksRequested) -> None:
    """Queue one message with the requested links to the contact. Idempotent per request.

    The message stores the ids of the registrations. Their access codes are read when it is sent.
    """
    event_type = EventType.ACCESS_LINKS
    row = {
        "id": uuid4(),
        "dedupe_key": f"{event_type}:{requested.request_id}",
        "recipient": requested.contact,
        "channel": Channel(requested.kind).value,
        "event_type": event_type.value,
        "priority": PRIORITIES[event_type].value,
        "status": Status.PENDING,
        "context": {"links": [_without_code(link) for link in requested.links]},
        "deadline": work.now + LINKS_WAIT,
        **dict.fromkeys(("next_attempt_at", "created_at", "updated_at"), work.now),
    }
    await work.session.execute(upsert(Notification).on_conflict_do_nothing(), [row])


def _without_code(link: AccessLink) -> dict[str, Any]:
    return link.model_dump(mode="json", exclude={"access"})


async def forget_links(database: Database) -> None:
    """Delete messages with links that are older than `KEEP_LINK_MESSAGES`."""
    await delete_in_portions(
        database,
        Notification,
        Notification.recipient.is_not(None),
        Notification.created_at < database.clock() - KEEP_LINK_MESSAGES,
        Notification.status.not_in(WAITING),
    )
