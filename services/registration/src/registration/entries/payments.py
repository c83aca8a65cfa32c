"""Effects of payment events on a registration.

Payment decides whether a proof was in time, and numbers its events. Registration does not repeat that decision with
another clock or an outdated copy, and applies the events in the order of their numbers, however they arrive.
"""

import secrets
from datetime import datetime

from chassis.database import UnitOfWork
from contracts import (
    PaymentDeadlineMoved,
    PaymentRejected,
    PaymentUploaded,
    PaymentVerified,
    RegistrationCancelled,
    RegistrationExpired,
    RegistrationSurplus,
)
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert as upsert

from registration.entries.announce import announce_confirmed
from registration.entries.rules import Status, Trigger
from registration.entries.tables import AnsweredPayment, Registration
from registration.entries.transitions import cancelled, expired, lock_for_event, move, reopened, retake
from registration.places import commands as places

_NO_PLACE = "no place left"
_CROSSED = "paid while it was being cancelled"
_BY_PAYMENT = "payment"


def _is_newer(entry: Registration, sequence: int, at: datetime) -> bool:
    """Return whether a payment event is newer than those handled; if so, record its sequence.

    Args:
        sequence: 0 from a release that did not number its events; these are ordered by time.
    """
    if sequence:
        newer = sequence > entry.payment_sequence
    else:
        newer = entry.payment_seen_at is None or at > entry.payment_seen_at
    if newer:
        entry.payment_sequence, entry.payment_seen_at = max(sequence, entry.payment_sequence), at
    return newer


async def mark_proof_uploaded(work: UnitOfWork, proof: PaymentUploaded) -> None:
    """Record that a proof waits for staff, so the deadline does not apply. An expiry before this event is undone.

    The newest event may be delivered again, for a registration that lost its effect.
    """
    entry = await lock_for_event(work, proof.registration_id)
    told_again = 0 < proof.sequence == entry.payment_sequence
    if not (told_again or _is_newer(entry, proof.sequence, proof.uploaded_at)):
        return
    if entry.status == Status.PENDING_PAYMENT:
        move(work, entry, Trigger.PROOF_UPLOADED)
    elif entry.status == Status.EXPIRED and _in_time(entry, proof):
        await _reopen(work, entry, Trigger.PROOF_UPLOADED)


def _in_time(entry: Registration, proof: PaymentUploaded) -> bool:
    """Return whether payment accepted the proof as in time. A release without sequences may use outdated deadlines."""
    return proof.sequence > 0 or proof.uploaded_at <= entry.expires_at


async def mark_payment_rejected(work: UnitOfWork, refusal: PaymentRejected) -> None:
    """Record that a proof was rejected and the runner has a new deadline for another.

    The rejected proof was in time, so an expiry without knowledge of it is undone, unless payment knew of the expiry
    and accepts no other proof.
    """
    entry = await lock_for_event(work, refusal.registration_id)
    if not _is_newer(entry, refusal.sequence, refusal.rejected_at):
        return
    if entry.status == Status.PAYMENT_UPLOADED:
        move(work, entry, Trigger.PAYMENT_REJECTED)
    elif entry.status == Status.PENDING_PAYMENT and refusal.expires_at > entry.expires_at:
        move(work, entry, Trigger.DEADLINE_MOVED)  # the upload of the rejected proof has not arrived yet
    if entry.status == Status.PENDING_PAYMENT:
        await _move_deadline(work, entry, refusal.expires_at)
    elif entry.status == Status.EXPIRED and refusal.expires_at > refusal.rejected_at:
        await _reopen(work, entry, Trigger.PAYMENT_REJECTED, until=refusal.expires_at)


async def move_deadline(work: UnitOfWork, moved: PaymentDeadlineMoved) -> None:
    """Move the deadline, as the invoice was created late, by the lost time, and publish it.

    An expiry in that time is undone, as payment was impossible.
    """
    entry = await lock_for_event(work, moved.registration_id)
    if not _is_newer(entry, moved.sequence, moved.moved_at):
        return
    if entry.status == Status.EXPIRED:
        await _reopen(work, entry, Trigger.DEADLINE_MOVED, until=moved.expires_at)
    elif entry.status == Status.PENDING_PAYMENT and moved.expires_at > entry.expires_at:
        move(work, entry, Trigger.DEADLINE_MOVED)
        await _move_deadline(work, entry, moved.expires_at)
        work.publish(reopened(entry), subject=entry.id)


async def _move_deadline(work: UnitOfWork, entry: Registration, until: datetime) -> None:
    """Set a later deadline, and record it for the timeline."""
    if until <= entry.expires_at:
        return
    entry.expires_at = until
    details = {"expires_at": until.isoformat()}
    await work.audit(_BY_PAYMENT, "registration.move_deadline", f"registration:{entry.id}", **details)


async def _reopen(work: UnitOfWork, entry: Registration, trigger: Trigger, *, until: datetime | None = None) -> None:
    """Undo an expiry if the places are still free. Publish the new state in any case."""
    if not await retake(work, entry):
        entry.revision += 1
        work.publish(expired(entry), subject=entry.id)
        return
    move(work, entry, trigger)
    entry.expired_at = None
    entry.expires_at = max(entry.expires_at, until or entry.expires_at)
    work.publish(reopened(entry), subject=entry.id)
    details = {"expires_at": entry.expires_at.isoformat()}
    await work.audit(_BY_PAYMENT, "registration.reopen", f"registration:{entry.id}", **details)


async def confirm(work: UnitOfWork, payment: PaymentVerified) -> None:
    """Confirm a paid registration with BIBs and tickets, or publish a refund if no places are left for it.

    Each payment counts once, however often and late its verification is delivered. If a repeated payment holds no
    place, its refund is published again, for a subscriber that missed it.
    """
    entry = await lock_for_event(work, payment.registration_id)
    entry.payment_sequence = max(entry.payment_sequence, payment.sequence)
    if entry.payment_id == payment.payment_id:
        return
    first = await _is_first_answer(work, payment)
    if entry.status == Status.PAYMENT_VERIFIED:
        _announce_surplus(work, entry, payment)
    elif entry.status == Status.CANCELLED and not (first and _revives(entry, payment)):
        _announce_refund(work, entry, payment, reason=_CROSSED)
    elif not Status(entry.status).holds_places and not (first and await retake(work, entry)):
        _announce_refund(work, entry, payment, reason=_NO_PLACE)
    elif first:
        await _confirm_paid(work, entry, payment)


_ANSWERED = upsert(AnsweredPayment).on_conflict_do_nothing().returning(AnsweredPayment.payment_id)


async def _is_first_answer(work: UnitOfWork, payment: PaymentVerified) -> bool:
    answered = {
        "payment_id": payment.payment_id,
        "registration_id": payment.registration_id,
        "answered_at": work.now,
    }
    return (await work.session.execute(_ANSWERED, [answered])).first() is not None


def _revives(entry: Registration, payment: PaymentVerified) -> bool:
    """Return whether a payment reinstates a cancelled registration: it was verified after the cancellation.

    A verification that knew of the cancellation came after it, whatever the clocks say. The automatic verification of a
    zero amount does not reinstate a registration.
    """
    if payment.amount == 0:
        return False
    knew_until, cancelled_by = payment.registration_revision, entry.cancelled_revision
    knew = knew_until is not None and cancelled_by is not None and knew_until >= cancelled_by
    return knew or entry.cancelled_at is None or payment.verified_at >= entry.cancelled_at


async def _confirm_paid(work: UnitOfWork, entry: Registration, payment: PaymentVerified) -> None:
    await _assign_bibs(work, entry)
    move(work, entry, Trigger.PAYMENT_VERIFIED)
    entry.payment_id = payment.payment_id
    entry.payment_verified_at = payment.verified_at
    entry.payment_verified_by = payment.verified_by
    entry.expired_at = entry.cancelled_at = entry.cancelled_revision = None
    await announce_confirmed(work, entry)


def _announce_surplus(work: UnitOfWork, entry: Registration, payment: PaymentVerified) -> None:
    """Publish that another payment had already paid the registration."""
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


def _announce_refund(work: UnitOfWork, entry: Registration, payment: PaymentVerified, *, reason: str) -> None:
    if payment.amount <= 0:
        return
    entry.revision += 1
    payload: RegistrationExpired | RegistrationCancelled
    if entry.status == Status.EXPIRED:
        payload = expired(entry, refund_payment_id=payment.payment_id)
    else:
        payload = cancelled(entry, reason=reason, refund_payment_id=payment.payment_id)
    work.publish(payload, subject=entry.id)


_NUMBERING = text("""
    UPDATE participants SET bib_number = CAST(:first AS integer) + position, ticket_code = ticket.code
      FROM unnest(CAST(:codes AS text[])) WITH ORDINALITY AS ticket(code, number)
     WHERE registration_id = :registration_id AND position = ticket.number - 1
""")


async def _assign_bibs(work: UnitOfWork, entry: Registration) -> None:
    count = entry.total_participants
    first = await places.assign_bibs(work, entry.race_category_id, count)
    codes = [secrets.token_hex(16) for _ in range(count)]
    await work.session.execute(_NUMBERING, {"first": first, "codes": codes, "registration_id": entry.id})
