"""Common parts of all changes of a registration: row lock, transition, places, and events."""

from collections import Counter
from collections.abc import Iterable, Sequence
from uuid import UUID

from chassis.database import UnitOfWork
from chassis.errors import NotYet
from contracts import RegistrationCancelled, RegistrationExpired, RegistrationReopened
from sqlalchemy import select, text, update

from registration.entries.rules import Status, Trigger, next_status
from registration.entries.tables import Participant, Registration
from registration.places import commands as places
from registration.prices import uses


async def lock_entry(work: UnitOfWork, registration_id: UUID) -> Registration | None:
    """Lock a registration and return it; None if it does not exist."""
    query = select(Registration).where(Registration.id == registration_id).with_for_update()
    return (await work.session.execute(query)).scalar_one_or_none()


async def lock_for_event(work: UnitOfWork, registration_id: UUID) -> Registration:
    """Lock the registration that an event is about and return it.

    Raises:
        NotYet: it does not exist yet.
    """
    entry = await lock_entry(work, registration_id)
    if entry is None:
        raise NotYet(f"registration {registration_id}")
    return entry


def move(work: UnitOfWork, entry: Registration, trigger: Trigger) -> None:
    """Apply the transition of `trigger` and increment the revision.

    Raises:
        IllegalTransition.
    """
    entry.status = next_status(Status(entry.status), trigger)
    entry.revision += 1
    entry.updated_at = work.now


_REGISTERED_AGAIN = text("""
    SELECT 1 FROM participants mine JOIN participants theirs USING (event_id, person_key)
     WHERE mine.registration_id = :id AND theirs.live AND theirs.registration_id <> :id LIMIT 1
""")


async def retake(work: UnitOfWork, entry: Registration) -> bool:
    """Take released places again; return False if none are left or a participant has another live registration."""
    if (await work.session.execute(_REGISTERED_AGAIN, {"id": entry.id})).first() is not None:
        return False
    if not await places.retake(work, entry.race_category_id, entry.total_participants):
        return False
    await _retake_uses(work, entry)
    await _set_live(work, entry.id)
    return True


async def _retake_uses(work: UnitOfWork, entry: Registration) -> None:
    """Take the uses of its promo code and phase again, also if none are left: its price was agreed. Record these."""
    beyond = await uses.take_again(work, uses_of([entry]))
    if beyond:
        agreed = {"promo_code": entry.promo_code, "price_phase": entry.price_phase}
        await work.audit("payment", "registration.exceed_limit", f"registration:{entry.id}", uses=beyond, **agreed)


def uses_of(entries: Iterable[Registration]) -> Counter[UUID]:
    """Return how many uses registrations have of promo codes and phases, limited or not."""
    return uses.count_uses((each.total_participants, each.price_phase_id, each.promo_code_id) for each in entries)


async def _set_live(work: UnitOfWork, registration_id: UUID) -> None:
    """Set `live` of the participants, one by one in the order of `person_key`, in which admission inserts them, too."""
    ordered = select(Participant.id).where(Participant.registration_id == registration_id)
    for participant_id in (await work.session.execute(ordered.order_by(Participant.person_key))).scalars().all():
        await work.session.execute(update(Participant).where(Participant.id == participant_id).values(live=True))


async def release_people(work: UnitOfWork, registration_ids: Sequence[UUID]) -> None:
    """Clear `live` of the participants of these registrations, so that they may register again."""
    people = Participant.registration_id.in_(registration_ids)
    await work.session.execute(update(Participant).where(people).values(live=False))


def expired(entry: Registration, *, refund_payment_id: UUID | None = None) -> RegistrationExpired:
    """Return the event that the registration expired, with the sequence of the newest payment event handled."""
    return RegistrationExpired(
        registration_id=entry.id,
        registration_number=entry.registration_number,
        revision=entry.revision,
        refund_payment_id=refund_payment_id,
        payment_sequence=entry.payment_sequence,
    )


def cancelled(entry: Registration, *, reason: str, refund_payment_id: UUID | None) -> RegistrationCancelled:
    """Return the event that the registration was cancelled."""
    return RegistrationCancelled(
        registration_id=entry.id,
        registration_number=entry.registration_number,
        revision=entry.revision,
        reason=reason,
        refund_payment_id=refund_payment_id,
    )


def reopened(entry: Registration) -> RegistrationReopened:
    """Return the event that the registration holds its places, which overrides earlier events."""
    return RegistrationReopened(
        registration_id=entry.id,
        registration_number=entry.registration_number,
        revision=entry.revision,
        expires_at=entry.expires_at,
        awaits_payment=entry.status == Status.PENDING_PAYMENT,
        payment_sequence=entry.payment_sequence,
    )
