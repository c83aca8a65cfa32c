"""Finding messages by what staff type: a registration's number, or the address of a recipient."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from chassis.canonical.emails import canonical_email
from chassis.canonical.phones import canonical_whatsapp
from chassis.wording import Refused
from sqlalchemy import CTE, ColumnElement, exists, func, select, union

from notification.contacts.tables import Contact, Participant
from notification.message_log.rules import comparable
from notification.message_log.sealing import MessageSealer
from notification.message_log.tables import SentMessage
from notification.messages.rules import Channel
from notification.queue.tables import DeliveryAttempt, Notification


@dataclass(frozen=True)
class Sought:
    """What is sought: a number, and the addresses that the same text can be read as with their keyed hashes."""

    number: str
    addresses: frozenset[str] = field(repr=False)
    hashes: tuple[bytes, ...] = field(repr=False)


def sought(typed: str, sealer: MessageSealer) -> Sought:
    """Return what `typed` may mean."""
    addresses = frozenset(comparable(each) for each in _readings(typed))
    hashes = tuple(each for address in sorted(addresses) for each in sealer.hashes_of(address))
    return Sought(typed.upper(), addresses, hashes)


def _readings(typed: str) -> Iterator[str]:
    """Yield the canonical addresses that a text can be read as. The log shows numbers without `+`."""
    for read, text in ((canonical_email, typed), (canonical_whatsapp, typed), (canonical_whatsapp, f"+{typed}")):
        try:
            yield read(text)
        except Refused:
            continue


def messages_of(found: Sought) -> CTE:
    """Return id and creation time of the messages that are sought, each part read by an index of its own.

    Messages whose content is kept are found by the address that they were sent to, others by the participant's current
    one. It is a CTE to be sorted by its own columns: sorted by those of the table, with a limit, the log would be read
    from its newest message on.
    """
    columns = (Notification.id, Notification.created_at)
    by_number = (
        select(*columns)
        .join(Contact, Contact.registration_id == Notification.registration_id)
        .where(func.upper(Contact.registration_number) == found.number)
    )
    if not found.addresses:
        return by_number.cte("found")
    by_hash = (
        select(*columns)
        .join(DeliveryAttempt, DeliveryAttempt.notification_id == Notification.id)
        .join(SentMessage, SentMessage.attempt_id == DeliveryAttempt.id)
        .where(SentMessage.recipient_hash.in_(found.hashes))
    )
    of_participant = select(*columns).join(Participant, Participant.participant_id == Notification.participant_id)
    by_email = of_participant.where(
        Notification.channel == Channel.EMAIL.value, func.lower(Participant.email).in_(found.addresses), ~_kept()
    )
    by_whatsapp = of_participant.where(
        Notification.channel == Channel.WHATSAPP.value, Participant.whatsapp.in_(found.addresses), ~_kept()
    )
    by_request = select(*columns).where(
        Notification.recipient.is_not(None), func.lower(Notification.recipient).in_(found.addresses), ~_kept()
    )
    return union(by_number, by_hash, by_email, by_whatsapp, by_request).cte("found")


def _kept() -> ColumnElement[bool]:
    """Return the condition that the content of an attempt of the message is kept."""
    attempt = DeliveryAttempt.notification_id == Notification.id
    return exists().where(attempt, SentMessage.attempt_id == DeliveryAttempt.id)
