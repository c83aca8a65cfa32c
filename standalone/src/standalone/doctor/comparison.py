"""Comparing registration, invoice, roster and contact of one registration after the other."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from checkin.consistency import RosterState
from notification.consistency import ContactState
from notification.contacts.rules import UNREGISTERED, Stage
from payment.consistency import InvoiceState
from payment.invoices.rules import InvoiceStatus
from registration.consistency import EntryState
from registration.entries.rules import Status

from standalone.doctor.findings import Diagnosis

_FITTING: Mapping[Status, frozenset[InvoiceStatus]] = MappingProxyType(
    {
        Status.PENDING_PAYMENT: frozenset({InvoiceStatus.OPEN}),
        Status.PAYMENT_UPLOADED: frozenset({InvoiceStatus.PROOF_UPLOADED}),
        Status.PAYMENT_VERIFIED: frozenset({InvoiceStatus.PAID}),
        # A proof in time may still wait for staff after its place was released; paid invoices are compared below.
        Status.EXPIRED: frozenset({InvoiceStatus.EXPIRED, InvoiceStatus.PROOF_UPLOADED, InvoiceStatus.PAID}),
        Status.CANCELLED: frozenset({InvoiceStatus.CANCELLED, InvoiceStatus.PROOF_UPLOADED, InvoiceStatus.PAID}),
    }
)

_STAGES: Mapping[Status, frozenset[Stage]] = MappingProxyType(
    {
        Status.PENDING_PAYMENT: frozenset({Stage.CREATED}),
        Status.PAYMENT_UPLOADED: frozenset({Stage.CREATED}),
        Status.PAYMENT_VERIFIED: frozenset({Stage.CONFIRMED}),
        Status.EXPIRED: frozenset({Stage.EXPIRED}),
        Status.CANCELLED: frozenset({Stage.CANCELLED}),
    }
)

_REGISTRATION = frozenset({"registration"})
_PAYMENT = frozenset({"payment"})


def compare(
    diagnosis: Diagnosis,
    entries: Sequence[EntryState],
    invoices: Sequence[InvoiceState],
    roster: Sequence[RosterState],
    contacts: Sequence[ContactState],
) -> None:
    """Compare the state of the services for one registration."""
    if not entries:
        _without_registration(diagnosis, invoices, roster, contacts)
        return
    entry = entries[0]
    diagnosis.counts["registrations"] += 1
    diagnosis.counts[f"registrations_{entry.status.value}"] += 1
    if invoices:
        _compare_money(diagnosis, entry, invoices[0])
        _compare_payment_events(diagnosis, entry, invoices[0])
        _compare_words(diagnosis, entry, invoices[0], contacts)
    else:
        _found(diagnosis, "invoice_missing", "a registration has no invoice", entry, owners=_REGISTRATION)
    _compare_roster(diagnosis, entry, roster)
    _compare_contact(diagnosis, entry, contacts)


def _without_registration(
    diagnosis: Diagnosis,
    invoices: Sequence[InvoiceState],
    roster: Sequence[RosterState],
    contacts: Sequence[ContactState],
) -> None:
    for invoice in invoices:
        detail = "an invoice has no registration"
        diagnosis.found("invoice_without_registration", detail, registration_id=invoice.registration_id)
    for line in roster:
        detail = "the roster has a participant without a registration"
        diagnosis.found("roster_without_registration", detail, participant_id=line.participant_id)
    for contact in contacts:
        if contact.stage not in UNREGISTERED:
            detail = "notification knows a registration that does not exist"
            diagnosis.found("contact_without_registration", detail, registration_id=contact.registration_id)


def _compare_money(diagnosis: Diagnosis, entry: EntryState, invoice: InvoiceState) -> None:
    diagnosis.counts["invoices"] += 1
    diagnosis.counts["refunds_due"] += len(invoice.refund_due_ids)
    if invoice.amount != entry.amount:
        _found(diagnosis, "amount_differs", f"registration {entry.amount}, invoice {invoice.amount}", entry)
    if invoice.status not in _FITTING[entry.status]:
        detail = f"registration {entry.status}, invoice {invoice.status}"
        _found(diagnosis, "status_differs", detail, entry, owners=_who_may_settle(entry))
    _compare_refunds(diagnosis, entry, invoice)


def _compare_payment_events(diagnosis: Diagnosis, entry: EntryState, invoice: InvoiceState) -> None:
    if entry.payment_sequence < invoice.sequence:
        detail = (
            f"payment has published {invoice.sequence} events about it, registration handled {entry.payment_sequence}"
        )
        _found(diagnosis, "news_unheard", detail, entry, owners=_PAYMENT)
    waiting = entry.status is Status.PENDING_PAYMENT and invoice.status is InvoiceStatus.OPEN
    if waiting and entry.expires_at != invoice.expires_at:
        detail = f"registration {entry.expires_at}, invoice {invoice.expires_at}"
        _found(diagnosis, "deadline_differs", detail, entry, owners=_REGISTRATION | _PAYMENT)


def _compare_words(
    diagnosis: Diagnosis, entry: EntryState, invoice: InvoiceState, contacts: Sequence[ContactState]
) -> None:
    told = contacts[0].notified_refunds if contacts else frozenset()
    for payment_id in {*invoice.refund_due_ids, *invoice.refunded_ids} - told:
        detail = "a refund without a message to the runner"
        _found(diagnosis, "refund_not_told", detail, entry, owners=_PAYMENT, payment_id=payment_id)


def _who_may_settle(entry: EntryState) -> frozenset[str]:
    """Return the services whose republishing may fix the status.

    Payment is included only while the registration waits for its events: a payment could reinstate an ended
    registration.
    """
    waits = entry.status in (Status.PENDING_PAYMENT, Status.PAYMENT_UPLOADED)
    return _REGISTRATION | _PAYMENT if waits else _REGISTRATION


def _compare_refunds(diagnosis: Diagnosis, entry: EntryState, invoice: InvoiceState) -> None:
    given_back = {*invoice.refund_due_ids, *invoice.refunded_ids}
    returned = {*given_back, *invoice.returned_ids}
    if len({*invoice.paid_payment_ids} - returned) > 1:
        _found(diagnosis, "paid_twice", "more than one payment was verified and is not given back", entry)
    for payment_id in invoice.paid_payment_ids:
        honoured = entry.status is Status.PAYMENT_VERIFIED and entry.payment_id == payment_id
        if honoured and payment_id in given_back:
            _found(diagnosis, "refund_of_honoured_payment", "money goes back although the place is held", entry)
        if not honoured and payment_id not in returned:
            detail = "verified money holds no place and is not to be refunded"
            owners = _REGISTRATION if entry.payment_id == payment_id else _PAYMENT
            _found(diagnosis, "paid_without_place", detail, entry, owners=owners)


def _compare_roster(diagnosis: Diagnosis, entry: EntryState, roster: Sequence[RosterState]) -> None:
    expected = entry.bibs if entry.status is Status.PAYMENT_VERIFIED else {}
    live = {line.participant_id: line.bib_number for line in roster if line.live}
    diagnosis.counts["roster"] += len(live)
    diagnosis.counts["checked_in"] += sum(line.checked_in for line in roster)
    for participant_id in expected.keys() - live.keys():
        detail = "a confirmed participant is not on the roster"
        _found(diagnosis, "roster_missing", detail, entry, owners=_REGISTRATION, participant_id=participant_id)
    for participant_id in live.keys() - expected.keys():
        detail = "the roster has a participant who is not confirmed"
        _found(diagnosis, "roster_unexpected", detail, entry, owners=_REGISTRATION, participant_id=participant_id)
    for participant_id in live.keys() & expected.keys():
        if live[participant_id] != expected[participant_id]:
            detail = "the roster has another BIB"
            _found(diagnosis, "bib_differs", detail, entry, owners=_REGISTRATION, participant_id=participant_id)


def _compare_contact(diagnosis: Diagnosis, entry: EntryState, contacts: Sequence[ContactState]) -> None:
    stage = contacts[0].stage if contacts else Stage.WAITING
    if stage in UNREGISTERED:
        _found(
            diagnosis, "contact_missing", "notification has not received the registration", entry, owners=_REGISTRATION
        )
    elif stage not in _STAGES[entry.status]:
        detail = f"registration {entry.status}, notification {stage}"
        _found(diagnosis, "contact_differs", detail, entry, owners=_REGISTRATION)
    elif entry.status is Status.PENDING_PAYMENT and contacts[0].expires_at != entry.expires_at:
        detail = f"registration {entry.expires_at}, notification {contacts[0].expires_at}"
        _found(diagnosis, "deadline_differs", detail, entry, owners=_REGISTRATION)


def _found(
    diagnosis: Diagnosis,
    code: str,
    detail: str,
    entry: EntryState,
    *,
    owners: frozenset[str] = frozenset(),
    **where: UUID,
) -> None:
    diagnosis.found(
        code,
        detail,
        owners=owners,
        registration_id=entry.registration_id,
        registration_number=entry.registration_number,
        **where,
    )
