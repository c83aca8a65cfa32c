"""The history of a registration: what all services know of it, in one order of time."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain
from typing import Any, Final
from uuid import UUID

from web.console.names import Who
from web.console.registration.models import Charge, HandedOut, Kept, Message, Payment, Refund
from web.console.registration.reading import Record
from web.upstream.invoices import RefundState


@dataclass(frozen=True)
class Entry:
    """Something that happened.

    Attributes:
        kind: under which templates have its words.
        details: what else is said about it, by name.
    """

    at: datetime
    kind: str
    who: Who
    details: Mapping[str, Any] = field(default_factory=dict)


_SYSTEM: Final = Who("system")
_GATEWAY: Final = "gateway"


def history_of(record: Record) -> Sequence[Entry]:
    """Return what happened to a registration, newest first."""
    packs = record.packs.found.items if record.packs.found else ()
    messages = record.messages.found.items if record.messages.found else ()
    entries = [
        *_events(record),
        *_money(record),
        *(_message(each) for each in messages),
        *chain.from_iterable(_checkin(record, pack.participant_id, each) for pack in packs for each in pack.checkins),
    ]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def _events(record: Record) -> Iterator[Entry]:
    for each in record.events.found.items if record.events.found else ():
        details = dict(each.details)
        if "participant_id" in details:
            details["name"] = _name(record, details["participant_id"])
        yield Entry(each.at, each.kind, record.names.who(each.actor), details)


def _money(record: Record) -> Iterator[Entry]:
    yield from chain.from_iterable(_payment(record, each) for each in record.payments)
    for refund in record.billing.found.refunds if record.billing.found else ():
        yield from _refund(refund)
    for kept in record.all_kept:
        yield from _kept(record, kept)
    yield from (_charge(each) for each in record.all_charges)


def _refund(refund: Refund) -> Iterator[Entry]:
    details = {"amount": refund.amount, "way": refund.way}
    kind = "refund_waits" if refund.state is RefundState.WAITS else "refund_due"
    yield Entry(refund.due_at, kind, _SYSTEM, details)
    if refund.done_at is not None:
        yield Entry(refund.done_at, "refund_done", _SYSTEM if refund.way == _GATEWAY else Who("staff"), details)


def _kept(record: Record, kept: Kept) -> Iterator[Entry]:
    yield Entry(kept.received_at, "money_kept", _SYSTEM, {"amount": kept.amount, "kind": kept.kind})
    if kept.refunded_at is not None:
        by = record.names.member(kept.refunded_by)
        yield Entry(kept.refunded_at, "refund_done", by, {"amount": kept.amount})


def _charge(charge: Charge) -> Entry:
    details = {"bank": charge.bank, "amount": charge.amount, "status": charge.status}
    return Entry(charge.created_at, "charge_made", Who("runner"), details)


def _payment(record: Record, payment: Payment) -> Iterator[Entry]:
    review = record.reviews.get(payment.payment_id)
    sent = {"method": payment.payment_method, "amount": payment.arrived}
    if payment.is_by_proof:
        yield Entry(payment.uploaded_at, "proof_sent", record.names.who(payment.submitted_by), sent)
    else:
        yield Entry(payment.uploaded_at, "money_arrived", _SYSTEM, {**sent, "channel": payment.channel})
    if payment.rejected_at is not None:
        by = record.names.member(review.rejected_by if review else None)
        yield Entry(payment.rejected_at, "proof_refused", by, {"reason": payment.rejection_reason})
    if payment.verified_at is not None and not _is_known(record, payment.payment_id):
        by = record.names.member(review.verified_by if review else None)
        yield Entry(payment.verified_at, "payment_verified", by, {"amount": payment.arrived})


def _is_known(record: Record, payment_id: UUID) -> bool:
    """Return whether registration says itself that this payment was verified."""
    events = record.events.found.items if record.events.found else ()
    return any(each.kind == "verified" and each.details.get("payment_id") == str(payment_id) for each in events)


def _message(message: Message) -> Entry:
    names = ("channel", "event_type", "status", "recipient")
    details = {name: getattr(message, name) for name in names}
    again = {"is_again": message.resend_of is not None, "reason": message.failed_reason}
    return Entry(message.sent_at or message.created_at, "message", _SYSTEM, {**details, **again})


def _checkin(record: Record, participant_id: UUID, made: HandedOut) -> Iterator[Entry]:
    name = _name(record, participant_id)
    place = {"station": made.station_name, "location": made.location_name}
    told = {"text": made.notes, "collected_by": made.collected_by}
    yield Entry(made.checked_in_at, "handed_out", Who("station"), {"name": name, **place, **told})
    if made.undone_at is not None:
        by = record.names.who(made.undone_by or "")
        yield Entry(made.undone_at, "handed_out_undone", by, {"name": name, "reason": made.undo_reason})


def _name(record: Record, participant_id: UUID | str) -> str | None:
    people = record.registration.participants
    return next((each.full_name for each in people if str(each.participant_id) == str(participant_id)), None)
