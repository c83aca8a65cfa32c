"""What happens to a registration after admission.

Locks are always taken in the order registration, places, participants. Places that become free are handed to the
waiting list in the same transaction.
"""

import secrets
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from chassis.database import UnitOfWork
from chassis.errors import NotYet
from contracts import (
    PaymentRejected,
    PaymentUploaded,
    PaymentVerified,
    RegistrationCancelled,
    RegistrationExpired,
    RegistrationSurplus,
)
from sqlalchemy import select, text, update

from registration.catalog.tables import CategoryPlaces
from registration.entries.announce import announce_confirmed
from registration.entries.errors import NotCancellable, UnknownRegistration
from registration.entries.rules import IllegalTransition, Status, Trigger, burned_places, next_status
from registration.entries.tables import Participant, Registration
from registration.waitlist.offering import hand_over
from registration.waitlist.rules import OfferTerms


async def lock_entry(work: UnitOfWork, registration_id: UUID) -> Registration | None:
    """The registration, held until the end of the transaction."""
    query = select(Registration).where(Registration.id == registration_id).with_for_update()
    return (await work.session.execute(query)).scalar_one_or_none()


async def _lock_for_event(work: UnitOfWork, registration_id: UUID) -> Registration:
    entry = await lock_entry(work, registration_id)
    if entry is None:
        raise NotYet(f"registration {registration_id}")
    return entry


def _move(work: UnitOfWork, entry: Registration, trigger: Trigger) -> None:
    entry.status = next_status(Status(entry.status), trigger)
    entry.revision += 1
    entry.updated_at = work.now


def _is_news(entry: Registration, at: datetime) -> bool:
    """Whether a payment event of that moment is newer than what was taken in; if so, it is noted."""
    if entry.payment_seen_at is not None and at <= entry.payment_seen_at:
        return False
    entry.payment_seen_at = at
    return True


async def stop_the_clock(work: UnitOfWork, proof: PaymentUploaded) -> None:
    """A proof waits for staff: the deadline no longer counts. In time, it even undoes an expiry it raced with."""
    entry = await _lock_for_event(work, proof.registration_id)
    if not _is_news(entry, proof.uploaded_at):
        return
    if entry.status == Status.PENDING_PAYMENT:
        _move(work, entry, Trigger.PROOF_UPLOADED)
    elif entry.status == Status.EXPIRED and proof.uploaded_at <= entry.expires_at and await _retake(work, entry):
        _move(work, entry, Trigger.PROOF_UPLOADED)
        entry.expired_at = None


async def reopen_payment(work: UnitOfWork, refusal: PaymentRejected) -> None:
    """The proof was refused: the runner has until a new deadline to send another."""
    entry = await _lock_for_event(work, refusal.registration_id)
    if not _is_news(entry, refusal.rejected_at):
        return
    if entry.status == Status.PAYMENT_UPLOADED:
        _move(work, entry, Trigger.PAYMENT_REJECTED)
    if entry.status == Status.PENDING_PAYMENT:
        entry.expires_at = max(entry.expires_at, refusal.expires_at)


async def confirm(work: UnitOfWork, payment: PaymentVerified) -> None:
    """The money is there: BIBs and tickets, or, when the places are gone for good, word that it has to go back."""
    entry = await _lock_for_event(work, payment.registration_id)
    if entry.payment_id == payment.payment_id:
        return
    if entry.status == Status.PAYMENT_VERIFIED:
        _announce_surplus(work, entry, payment)
        return
    held = Status(entry.status).holds_places
    if not held and not await _retake(work, entry):
        if payment.amount > 0:
            _announce_refund(work, entry, payment.payment_id)
        return
    await _give_bibs(work, entry)
    _move(work, entry, Trigger.PAYMENT_VERIFIED)
    entry.payment_id = payment.payment_id
    entry.payment_verified_at = payment.verified_at
    entry.payment_verified_by = payment.verified_by
    entry.expired_at = entry.cancelled_at = None
    await announce_confirmed(work, entry)


def _announce_surplus(work: UnitOfWork, entry: Registration, payment: PaymentVerified) -> None:
    """Publish that the registration was paid already by another payment."""
    if entry.payment_id is None or payment.amount <= 0:
        return
    surplus = RegistrationSurplus(
        registration_id=entry.id,
        registration_number=entry.registration_number,
        revision=entry.revision,
        payment_id=payment.payment_id,
        honoured_payment_id=entry.payment_id,
    )
    work.publish(surplus, subject=entry.id)


async def _give_bibs(work: UnitOfWork, entry: Registration) -> None:
    count = entry.total_participants
    taken = (
        update(CategoryPlaces)
        .where(CategoryPlaces.category_id == entry.race_category_id)
        .values(next_bib=CategoryPlaces.next_bib + count, confirmed=CategoryPlaces.confirmed + count)
        .returning(CategoryPlaces.next_bib)
    )
    first = (await work.session.execute(taken)).scalar_one() - count
    numbering = text("""
        UPDATE participants SET bib_number = CAST(:first AS integer) + position, ticket_code = ticket.code
          FROM unnest(CAST(:codes AS text[])) WITH ORDINALITY AS ticket(code, number)
         WHERE registration_id = :registration_id AND position = ticket.number - 1
    """)
    codes = [secrets.token_hex(16) for _ in range(count)]
    await work.session.execute(numbering, {"first": first, "codes": codes, "registration_id": entry.id})


async def _retake(work: UnitOfWork, entry: Registration) -> bool:
    """Take released places again, if they are free and none of the people has registered anew."""
    again = text("""
        SELECT 1 FROM participants mine JOIN participants theirs USING (event_id, person_key)
         WHERE mine.registration_id = :id AND theirs.live AND theirs.registration_id <> :id LIMIT 1
    """)
    if (await work.session.execute(again, {"id": entry.id})).first() is not None:
        return False
    take = (
        update(CategoryPlaces)
        .where(
            CategoryPlaces.category_id == entry.race_category_id,
            CategoryPlaces.taken + entry.total_participants <= CategoryPlaces.quota,
        )
        .values(taken=CategoryPlaces.taken + entry.total_participants)
        .returning(CategoryPlaces.category_id)
    )
    if (await work.session.execute(take)).first() is None:
        return False
    await _set_live(work, [entry.id], live=True)
    return True


async def _set_live(work: UnitOfWork, registration_ids: Sequence[UUID], *, live: bool) -> None:
    await work.session.execute(
        update(Participant).where(Participant.registration_id.in_(registration_ids)).values(live=live)
    )


def _announce_refund(work: UnitOfWork, entry: Registration, payment_id: UUID) -> None:
    entry.revision += 1
    payload: RegistrationExpired | RegistrationCancelled
    if entry.status == Status.EXPIRED:
        payload = _expired(entry, refund_payment_id=payment_id)
    else:
        payload = _cancelled(entry, reason="no place left", refund_payment_id=payment_id)
    work.publish(payload, subject=entry.id)


def _expired(entry: Registration, *, refund_payment_id: UUID | None = None) -> RegistrationExpired:
    return RegistrationExpired(
        registration_id=entry.id,
        registration_number=entry.registration_number,
        revision=entry.revision,
        refund_payment_id=refund_payment_id,
    )


def _cancelled(entry: Registration, *, reason: str, refund_payment_id: UUID | None) -> RegistrationCancelled:
    return RegistrationCancelled(
        registration_id=entry.id,
        registration_number=entry.registration_number,
        revision=entry.revision,
        reason=reason,
        refund_payment_id=refund_payment_id,
    )


async def cancel(work: UnitOfWork, registration_id: UUID, *, reason: str, by: str, terms: OfferTerms) -> None:
    """Staff end a registration; its places are free again, as far as BIBs are left for them, first for those in line.

    Args:
        terms: of the offers that somebody in line gets for them.

    Raises:
        UnknownRegistration, NotCancellable.
    """
    entry = await lock_entry(work, registration_id)
    if entry is None:
        raise UnknownRegistration
    was_confirmed = entry.status == Status.PAYMENT_VERIFIED
    try:
        _move(work, entry, Trigger.STAFF_CANCELS)
    except IllegalTransition:
        raise NotCancellable(registration_status=entry.status) from None
    entry.cancelled_at = work.now
    entry.notes = reason
    await _release_cancelled(work, entry, was_confirmed=was_confirmed)
    await _set_live(work, [entry.id], live=False)
    await hand_over(work, entry.race_category_id, terms=terms)
    refund = entry.payment_id if was_confirmed and entry.total_amount > 0 else None
    work.publish(_cancelled(entry, reason=reason, refund_payment_id=refund), subject=entry.id)
    await work.audit(by, "registration.cancel", f"registration:{entry.id}", was_confirmed=was_confirmed)


async def _release_cancelled(work: UnitOfWork, entry: Registration, *, was_confirmed: bool) -> None:
    query = select(CategoryPlaces).where(CategoryPlaces.category_id == entry.race_category_id).with_for_update()
    places = (await work.session.execute(query)).scalar_one()
    count = entry.total_participants
    burned = 0
    if was_confirmed:
        burned = burned_places(
            cancelled=count,
            quota=places.quota,
            burned=places.burned,
            confirmed=places.confirmed,
            bibs_left=places.bib_end - places.next_bib + 1,
        )
        places.confirmed -= count
    places.burned += burned
    places.taken -= count - burned
    await work.session.flush()


async def expire_due(work: UnitOfWork, *, grace: timedelta, terms: OfferTerms, at_most: int = 200) -> int:
    """Expire registrations whose deadline and grace have passed; how many. Any number of sweeps may run at once.

    Args:
        terms: of the offers that somebody in line gets for the places.
    """
    due = (
        select(Registration)
        .where(Registration.status == Status.PENDING_PAYMENT, Registration.expires_at < work.now - grace)
        .order_by(Registration.expires_at)
        .limit(at_most)
        .with_for_update(skip_locked=True)
    )
    entries = (await work.session.execute(due)).scalars().all()
    if not entries:
        return 0
    for entry in entries:
        _move(work, entry, Trigger.DEADLINE_PASSED)
        entry.expired_at = work.now
        work.publish(_expired(entry), subject=entry.id)
    await work.session.flush()
    await _release(work, entries)
    await _set_live(work, [entry.id for entry in entries], live=False)
    for category_id in {entry.race_category_id for entry in entries}:
        await hand_over(work, category_id, terms=terms)
    return len(entries)


async def _release(work: UnitOfWork, entries: Sequence[Registration]) -> None:
    counts: Counter[UUID] = Counter()
    for entry in entries:
        counts[entry.race_category_id] += entry.total_participants
    for category_id in sorted(counts):
        await work.session.execute(
            update(CategoryPlaces)
            .where(CategoryPlaces.category_id == category_id)
            .values(taken=CategoryPlaces.taken - counts[category_id])
        )


_FOLD = text("""
    WITH folded AS (
        DELETE FROM registration_counts WHERE id IN (
            SELECT id FROM registration_counts
             WHERE (race_category_id, status) IN (
                   SELECT race_category_id, status FROM registration_counts
                    GROUP BY race_category_id, status HAVING count(*) > 1)
               FOR UPDATE SKIP LOCKED)
        RETURNING race_category_id, status, registrations, participants, amount)
    INSERT INTO registration_counts (race_category_id, status, registrations, participants, amount)
    SELECT race_category_id, status, sum(registrations), sum(participants), sum(amount)
      FROM folded GROUP BY race_category_id, status
""")


async def fold_counts(work: UnitOfWork) -> None:
    """Make one row of the counts of each category and status. Any number may do so at once, and while others count."""
    await work.session.execute(_FOLD)
