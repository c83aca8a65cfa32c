"""Handlers for the events of other services: they store data and queue messages."""

from collections.abc import Collection, Mapping
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.auth.sessions import record_ended_sessions
from chassis.database import UnitOfWork
from chassis.inbox import Handlers
from contracts import (
    AccessCode,
    AccessLinksRequested,
    AccessReplaced,
    Event,
    OfferReceived,
    PaymentRejected,
    PaymentUploaded,
    RaceChanged,
    RefundDone,
    RefundDue,
    RegistrationCancelled,
    RegistrationConfirmed,
    RegistrationCorrected,
    RegistrationCreated,
    RegistrationExpired,
    RegistrationReopened,
    StaffSessionsEnded,
    UsdtKept,
    UsdtTakenBack,
    UsdtUnderpaid,
    WaitlistEnded,
    WaitlistJoined,
    WaitlistOffered,
)
from contracts.payments import PaymentPayload

from notification.access.commands import store_codes
from notification.contacts import commands as contacts
from notification.contacts.linking import follow_race, link_contact, record_race
from notification.contacts.queries import participants_of, person_in_charge
from notification.contacts.rules import Stage
from notification.messages.rules import EventType
from notification.queue.address_changes import resend_to_new_address
from notification.queue.announcements import announce_change, announce_late, enqueue_links
from notification.queue.commands import enqueue, skip_outdated
from notification.queue.notified import CORRECTED_AT, is_queued, last_notified
from notification.queue.resending import extend_deadline
from notification.races.commands import lock_race, record_announcement
from notification.templates.formatting import OFFER_ENDED, USDT_KEPT

handlers = Handlers()
handlers.on(StaffSessionsEnded)(record_ended_sessions)

_ONCE = "once"


@handlers.on(WaitlistJoined)
async def notify_joined(event: Event[WaitlistJoined], work: UnitOfWork) -> None:
    """Notify the person in charge once of the place on the waiting list, at the newest address, before an offer."""
    joined = event.payload
    await record_race(work, joined)
    await _store_code(work, event, joined.access)
    is_update = await contacts.add_joined_contact(work, joined)
    recipient = joined.contact.participant_id
    context = {"position": joined.position}
    await _notify(work, event, [recipient], about=_ONCE, context=context, is_update=is_update)
    if is_update:
        await resend_to_new_address(work, recipient, EventType.WAITLIST_JOINED)


@handlers.on(WaitlistOffered)
async def notify_offer(event: Event[WaitlistOffered], work: UnitOfWork) -> None:
    """Notify the person in charge of an offer and its deadline, once for each deadline, at the newest address."""
    await record_race(work, event.payload)
    await _store_code(work, event, event.payload.access)
    is_update = await contacts.add_waiting_contact(work, event.payload)
    deadline = event.payload.offer_expires_at.isoformat()
    recipient = event.payload.contact.participant_id
    await _notify(work, event, [recipient], about=deadline, context={"offer_deadline": deadline}, is_update=is_update)
    if is_update:
        await resend_to_new_address(work, recipient, EventType.WAITLIST_OFFERED)
    heard = OfferReceived(
        registration_id=event.payload.registration_id, revision=event.payload.revision, received_at=work.now
    )
    work.publish(heard, subject=event.payload.registration_id)


@handlers.on(WaitlistEnded)
async def notify_offer_ended(event: Event[WaitlistEnded], work: UnitOfWork) -> None:
    """Notify the person in charge that an offer has ended, if the message about the offer may have been sent."""
    ended = event.payload
    if not await contacts.end_offer(work, ended):
        return
    if await last_notified(work.session, ended.registration_id, [EventType.WAITLIST_OFFERED]):
        context = {"reason": f"{OFFER_ENDED}{ended.reason}"}
        await _notify_person_in_charge(work, event, about=_ONCE, context=context)


@handlers.on(RegistrationCreated)
async def notify_how_to_pay(event: Event[RegistrationCreated], work: UnitOfWork) -> None:
    """Notify the person in charge of amount and deadline, unless there is nothing to pay."""
    await record_race(work, event.payload)
    await _store_code(work, event, event.payload.access)
    await contacts.add_contact(work, event.payload)
    if event.payload.total_amount > 0 and event.payload.awaits_payment:
        await _notify_person_in_charge(work, event, about=_ONCE)
    else:
        await skip_outdated(work, event.payload.registration_id)


@handlers.on(PaymentUploaded)
async def notify_proof_received(event: Event[PaymentUploaded], work: UnitOfWork) -> None:
    """Notify the person in charge that the proof was received."""
    contact = await contacts.lock_contact(work, event.payload.registration_id)
    is_update = contacts.record_payment_event(contact, at=event.payload.uploaded_at, sequence=event.payload.sequence)
    about, context = str(event.payload.payment_id), _amount(event.payload.received)
    await _notify_person_in_charge(work, event, about=about, context=context, is_update=is_update)


@handlers.on(PaymentRejected)
async def notify_proof_rejected(event: Event[PaymentRejected], work: UnitOfWork) -> None:
    """Notify the person in charge of the reason and the new deadline, unless the registration has ended."""
    rejected = event.payload
    contact = await contacts.lock_contact(work, rejected.registration_id)
    welcome = rejected.expires_at > rejected.rejected_at
    is_update = welcome and contacts.record_payment_event(contact, at=rejected.rejected_at, sequence=rejected.sequence)
    if is_update:
        contact.expires_at = max(contact.expires_at, rejected.expires_at)
    context = {
        "reason": rejected.reason,
        "payment_deadline": rejected.expires_at.isoformat(),
        **_amount(rejected.payable_amount),
    }
    await _notify_person_in_charge(work, event, about=str(rejected.payment_id), context=context, is_update=is_update)


@handlers.on(RegistrationConfirmed)
async def send_tickets(event: Event[RegistrationConfirmed], work: UnitOfWork) -> None:
    """Send an e-ticket to every participant, but not again for a confirmation that was published a second time."""
    confirmed = event.payload
    await record_race(work, confirmed)
    contact = await contacts.lock_contact(work, confirmed.registration_id)
    notified = contact.stage == Stage.CONFIRMED and confirmed.revision >= contact.revision
    is_update = contacts.apply_event(contact, confirmed, Stage.CONFIRMED)
    if is_update:
        await contacts.store_tickets(work, confirmed, contact)
    if not notified:
        runners = [runner.participant_id for runner in confirmed.participants]
        await _notify(work, event, runners, about=str(confirmed.payment_id), is_update=is_update)


@handlers.on(RegistrationExpired)
async def notify_expired(event: Event[RegistrationExpired], work: UnitOfWork) -> None:
    """Notify the person in charge of the expiry, but not again if the event only adds a refund.

    An expiry that did not know payment's newest event is logged as skipped: registration will publish its new state.
    """
    expired = event.payload
    contact = await contacts.lock_contact(work, expired.registration_id)
    notified = contact.stage == Stage.EXPIRED and expired.revision >= contact.revision
    is_update = contacts.apply_expiry(contact, expired)
    if not notified:
        await _notify_person_in_charge(work, event, about=str(expired.revision), is_update=is_update)


@handlers.on(RegistrationReopened)
async def notify_reopened(event: Event[RegistrationReopened], work: UnitOfWork) -> None:
    """Notify the person in charge that the places are held again, if the message about the expiry may have been sent.

    An unsent message about the expiry is skipped. An unsent one about how to pay gets the new deadline.
    """
    reopened = event.payload
    contact = await contacts.lock_contact(work, reopened.registration_id)
    if not contacts.apply_event(contact, reopened, Stage.CREATED):
        return
    contact.expires_at = max(contact.expires_at, reopened.expires_at)
    await extend_deadline(work, reopened.registration_id, contact.expires_at)
    await skip_outdated(work, reopened.registration_id)
    event_types = [EventType.REGISTRATION_EXPIRED, EventType.REGISTRATION_REOPENED]
    if await last_notified(work.session, reopened.registration_id, event_types) is EventType.REGISTRATION_EXPIRED:
        context = {"awaits_payment": reopened.awaits_payment}
        await _notify_person_in_charge(work, event, about=str(reopened.revision), context=context)


@handlers.on(RegistrationCancelled)
async def notify_cancelled(event: Event[RegistrationCancelled], work: UnitOfWork) -> None:
    """Notify the person in charge of the reason, but not again if the event only adds a refund."""
    cancelled = event.payload
    contact = await contacts.lock_contact(work, cancelled.registration_id)
    notified = contact.stage == Stage.CANCELLED and cancelled.revision > contact.revision
    is_update = contacts.apply_event(contact, cancelled, Stage.CANCELLED)
    if not notified:
        context = {"reason": cancelled.reason}
        await _notify_person_in_charge(work, event, about=str(cancelled.revision), context=context, is_update=is_update)


@handlers.on(RefundDue)
async def notify_refund_due(event: Event[RefundDue], work: UnitOfWork) -> None:
    """Notify the person in charge of a refund, unless its completion is queued already."""
    due = event.payload
    await contacts.lock_contact(work, due.registration_id)
    about = str(due.refund_id or due.payment_id)
    gone = await is_queued(work.session, due.registration_id, EventType.PAYMENT_REFUND_DONE, refund=about)
    context = {**_money(due), "refund_id": about, "reason": due.reason, "cause": due.cause or ""}
    await _notify_person_in_charge(work, event, about=about, context=context, is_update=not gone)


@handlers.on(RefundDone)
async def notify_refund_done(event: Event[RefundDone], work: UnitOfWork) -> None:
    """Notify the person in charge that a refund was transferred, with its reference; again when that is corrected."""
    done = event.payload
    await contacts.lock_contact(work, done.registration_id)
    refund = str(done.refund_id or done.payment_id)
    context = {**_money(done), "refund_id": refund, "reference": done.reference}
    if done.corrected_at is None:
        await _notify_person_in_charge(work, event, about=refund, context=context)
        return
    at = done.corrected_at.isoformat()
    await _notify_person_in_charge(work, event, about=f"{refund}:{at}", context={**context, CORRECTED_AT: at})


def _amount(amount: Decimal | None) -> dict[str, str]:
    """Return the amount that a message names instead of the registration's; nothing for None."""
    return {} if amount is None else {"amount": str(amount)}


def _money(payment: PaymentPayload) -> dict[str, str]:
    return payment.model_dump(mode="json", include={"payment_id", "amount", "currency"})


@handlers.on(UsdtUnderpaid)
async def notify_underpaid(event: Event[UsdtUnderpaid], work: UnitOfWork) -> None:
    """Notify the person in charge of what arrived in USDT and what is missing, once for each decision."""
    underpaid = event.payload
    await contacts.lock_contact(work, underpaid.registration_id)
    context = {
        "payment_deadline": underpaid.expires_at.isoformat(),
        "usdt": underpaid.model_dump(mode="json", include={"amount", "missing", "network", "address", "decided_at"}),
    }
    await _notify_person_in_charge(work, event, about=underpaid.decided_at.isoformat(), context=context)


@handlers.on(UsdtKept)
async def notify_kept(event: Event[UsdtKept], work: UnitOfWork) -> None:
    """Notify the person in charge of USDT that do not pay for the registration, with the reason."""
    kept = event.payload
    await contacts.lock_contact(work, kept.registration_id)
    context = {"reason": f"{USDT_KEPT}{kept.reason}", "usdt": kept.model_dump(mode="json", include={"amount"})}
    await _notify_person_in_charge(work, event, about=str(kept.transfer_id), context=context)


@handlers.on(UsdtTakenBack)
async def notify_taken_back(event: Event[UsdtTakenBack], work: UnitOfWork) -> None:
    """Notify the person in charge of a transaction that the chain took back, each time that it does."""
    lost = event.payload
    await contacts.lock_contact(work, lost.registration_id)
    context = {"usdt": lost.model_dump(mode="json", include={"amount", "network", "tx_hash", "settled", "decided_at"})}
    await _notify_person_in_charge(work, event, about=f"{lost.tx_hash}:{lost.decided_at.isoformat()}", context=context)


@handlers.on(RegistrationCorrected)
async def follow_correction(event: Event[RegistrationCorrected], work: UnitOfWork) -> None:
    """Store a corrected name and addresses. No message is queued; staff can resend messages."""
    await contacts.correct_participant(work, event.payload)


@handlers.on(RaceChanged)
async def follow_race_change(event: Event[RaceChanged], work: UnitOfWork) -> None:
    """Store the race. If requested, notify its confirmed participants, unless a newer change was announced."""
    changed = event.payload
    await follow_race(work, changed.event, changed.categories)
    if changed.notify_runners and await record_announcement(work, changed.event):
        await announce_change(work, changed.event.event_id)


@handlers.on(AccessReplaced)
async def follow_access_code(event: Event[AccessReplaced], work: UnitOfWork) -> None:
    """Store a new access code, and link a contact from an older release to its race.

    Its confirmed participants then get a change of the race that was announced before.
    """
    replaced = event.payload
    if replaced.event_id is not None:
        await lock_race(work, replaced.event_id)
    await _store_code(work, event, replaced.access)
    if await link_contact(work, replaced):
        await announce_late(work, replaced.registration_id)


@handlers.on(AccessLinksRequested)
async def send_links(event: Event[AccessLinksRequested], work: UnitOfWork) -> None:
    """Queue one message with all requested links to the contact."""
    requested = event.payload
    codes = {link.registration_id: link.access for link in requested.links}
    await store_codes(work, codes, issued_at=event.occurred_at)
    await enqueue_links(work, requested)


async def _store_code(work: UnitOfWork, event: Event[Any], access: AccessCode | None) -> None:
    if access is not None:
        await store_codes(work, {event.payload.registration_id: access}, issued_at=event.occurred_at)


async def _notify_person_in_charge(
    work: UnitOfWork, event: Event[Any], *, about: str, context: Mapping[str, Any] | None = None, is_update: bool = True
) -> None:
    participants = await participants_of(work.session, event.payload.registration_id)
    recipient = person_in_charge(participants.values())
    await _notify(work, event, [recipient.participant_id], about=about, context=context, is_update=is_update)


async def _notify(
    work: UnitOfWork,
    event: Event[Any],
    recipients: Collection[UUID],
    *,
    about: str,
    context: Mapping[str, Any] | None = None,
    is_update: bool,
) -> None:
    """Queue a message to each recipient. Unsent older messages that it outdates are skipped."""
    registration_id: UUID = event.payload.registration_id
    await enqueue(
        work,
        EventType(event.type),
        registration_id=registration_id,
        participant_ids=recipients,
        about=about,
        context=context or {},
        stale=not is_update,
    )
