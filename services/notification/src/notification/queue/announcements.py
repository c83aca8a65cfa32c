"""Messages about more than one registration: changes of a race, and requested links."""

from typing import Any
from uuid import UUID, uuid4

from chassis.database import Database, UnitOfWork
from chassis.portions import delete_in_portions
from contracts import AccessLink, AccessLinksRequested
from sqlalchemy import ColumnElement, SQLColumnExpression, String, and_, column, func, literal, select, values
from sqlalchemy.dialects.postgresql import insert as upsert

from notification.contacts.linking import SAME_COPIES
from notification.contacts.rules import Stage
from notification.contacts.tables import Contact, Participant
from notification.messages.rules import Channel, EventType
from notification.queue.rules import KEEP_LINK_MESSAGES, LINKS_WAIT, PRIORITIES, WAITING, Status
from notification.queue.tables import Notification
from notification.races.tables import Race


async def announce_change(work: UnitOfWork, event_id: UUID, *, revision: int) -> None:
    """Queue a message about the current race to each participant of its confirmed registrations.

    The message contains the revision: it is skipped once a newer change is announced.
    """
    await _enqueue_change(work, Contact.event_id == event_id, literal(revision))


async def announce_late(work: UnitOfWork, registration_id: UUID) -> None:
    """Queue what `announce_change` missed, because the registration was not linked to its race yet.

    Registrations whose copies are equal to the current race were confirmed after the change and are left out.
    """
    missed = and_(Contact.registration_id == registration_id, Race.notified_revision > 0, ~SAME_COPIES)
    await _enqueue_change(work, missed, Race.notified_revision)


async def _enqueue_change(work: UnitOfWork, chosen: ColumnElement[bool], revision: SQLColumnExpression[int]) -> None:
    """Queue a message to each participant of the chosen confirmed registrations, in one statement."""
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
        **dict.fromkeys(("next_attempt_at", "created_at", "updated_at"), literal(work.now)),
    }
    messages = (
        select(*columns.values())
        .select_from(runner)
        .join(Contact, Contact.registration_id == runner.registration_id)
        .join(Race, Race.event_id == Contact.event_id)
        .join(channels, literal(True))
        .where(chosen, Contact.stage == Stage.CONFIRMED)
    )
    await work.session.execute(upsert(Notification).from_select(list(columns), messages).on_conflict_do_nothing())


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
