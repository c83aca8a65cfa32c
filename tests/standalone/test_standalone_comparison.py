"""What the doctor thinks of one registration as three services hold it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from checkin.consistency import RosterState
from notification.consistency import ContactState
from notification.contacts.rules import Stage
from payment.consistency import InvoiceState
from payment.invoices.rules import InvoiceStatus
from registration.consistency import EntryState
from registration.entries.rules import Status
from standalone.doctor.comparison import compare
from standalone.doctor.findings import Diagnosis

REGISTRATION, PAYMENT, SURPLUS, PERSON = uuid4(), uuid4(), uuid4(), uuid4()

DEADLINE = datetime(2027, 1, 2, tzinfo=UTC)
CONFIRMED = EntryState(
    REGISTRATION, "R-1", Status.PAYMENT_VERIFIED, Decimal("10.00"), PAYMENT, {PERSON: 7}, DEADLINE, payment_sequence=2
)
PAID = InvoiceState(REGISTRATION, InvoiceStatus.PAID, Decimal("10.00"), "IDR", DEADLINE, 2, (PAYMENT,), (), (), ())
ON_ROSTER = RosterState(REGISTRATION, PERSON, 7, live=True, checked_in=False)
PENDING = replace(CONFIRMED, status=Status.PENDING_PAYMENT, payment_id=None, bibs={PERSON: None})
OPEN = replace(PAID, status=InvoiceStatus.OPEN, paid_payment_ids=())
EXPIRED = replace(PENDING, status=Status.EXPIRED, bibs={})


HEARD = {
    Status.PENDING_PAYMENT: Stage.CREATED,
    Status.PAYMENT_UPLOADED: Stage.CREATED,
    Status.PAYMENT_VERIFIED: Stage.CONFIRMED,
    Status.EXPIRED: Stage.EXPIRED,
    Status.CANCELLED: Stage.CANCELLED,
}


def diagnose(
    entries: list[EntryState],
    invoices: list[InvoiceState],
    roster: list[RosterState],
    stages: list[Stage] | None = None,
    told: frozenset[UUID] | None = None,
    until: datetime = DEADLINE,
) -> Diagnosis:
    """What the doctor finds; notification heard what it should have, unless `stages` says otherwise."""
    diagnosis = Diagnosis()
    heard = [HEARD[entry.status] for entry in entries] if stages is None else stages
    told = frozenset({PAYMENT, SURPLUS}) if told is None else told
    contacts = [ContactState(REGISTRATION, stage, until, told) for stage in heard]
    compare(diagnosis, entries, invoices, roster, contacts)
    return diagnosis


def codes(
    entries: list[EntryState],
    invoices: list[InvoiceState],
    roster: list[RosterState],
    stages: list[Stage] | None = None,
) -> set[str]:
    return {finding.code for finding in diagnose(entries, invoices, roster, stages).findings}


@pytest.mark.parametrize(
    ("entry", "invoice", "roster"),
    [
        (CONFIRMED, PAID, [ON_ROSTER]),
        (PENDING, OPEN, []),
        (replace(PENDING, status=Status.PAYMENT_UPLOADED), replace(OPEN, status=InvoiceStatus.PROOF_UPLOADED), []),
        (EXPIRED, replace(OPEN, status=InvoiceStatus.EXPIRED), []),
        (EXPIRED, replace(PAID, refund_due_ids=(PAYMENT,)), []),
        (replace(EXPIRED, status=Status.CANCELLED), replace(PAID, refunded_ids=(PAYMENT,)), []),
        (replace(EXPIRED, status=Status.CANCELLED), replace(PAID, returned_ids=(PAYMENT,)), []),
        (CONFIRMED, replace(PAID, returned_ids=(PAYMENT,)), [ON_ROSTER]),
        (CONFIRMED, replace(PAID, paid_payment_ids=(PAYMENT, SURPLUS), refund_due_ids=(SURPLUS,)), [ON_ROSTER]),
        (CONFIRMED, replace(PAID, paid_payment_ids=(PAYMENT, SURPLUS), refunded_ids=(SURPLUS,)), [ON_ROSTER]),
        (CONFIRMED, replace(PAID, paid_payment_ids=(PAYMENT, SURPLUS), returned_ids=(SURPLUS,)), [ON_ROSTER]),
    ],
)
def test_one_story_told_three_times_is_fine(
    entry: EntryState, invoice: InvoiceState, roster: list[RosterState]
) -> None:
    assert codes([entry], [invoice], roster) == set()


@pytest.mark.parametrize(
    ("code", "entry", "invoice", "roster"),
    [
        ("amount_differs", CONFIRMED, replace(PAID, amount=Decimal("9.00")), [ON_ROSTER]),
        ("status_differs", PENDING, replace(OPEN, status=InvoiceStatus.CANCELLED), []),
        ("paid_twice", CONFIRMED, replace(PAID, paid_payment_ids=(PAYMENT, uuid4())), [ON_ROSTER]),
        ("paid_without_place", EXPIRED, PAID, []),
        ("refund_of_honoured_payment", CONFIRMED, replace(PAID, refund_due_ids=(PAYMENT,)), [ON_ROSTER]),
        ("roster_missing", CONFIRMED, PAID, []),
        ("roster_missing", CONFIRMED, PAID, [replace(ON_ROSTER, live=False)]),
        ("roster_unexpected", PENDING, OPEN, [ON_ROSTER]),
        ("bib_differs", CONFIRMED, PAID, [replace(ON_ROSTER, bib_number=8)]),
    ],
)
def test_a_contradiction_is_named(
    code: str, entry: EntryState, invoice: InvoiceState, roster: list[RosterState]
) -> None:
    assert code in codes([entry], [invoice], roster)


def test_what_only_one_service_knows_is_named() -> None:
    assert codes([CONFIRMED], [], [ON_ROSTER]) == {"invoice_missing"}
    assert codes([], [PAID], [ON_ROSTER]) == {"invoice_without_registration", "roster_without_registration"}


@pytest.mark.parametrize(
    ("code", "entry", "stages"),
    [
        ("contact_missing", PENDING, []),
        ("contact_missing", PENDING, [Stage.WAITING]),
        ("contact_missing", PENDING, [Stage.OFFER_ENDED]),
        ("contact_differs", PENDING, [Stage.CONFIRMED]),
        ("contact_differs", CONFIRMED, [Stage.CREATED]),
        ("contact_differs", EXPIRED, [Stage.CREATED]),
        ("contact_differs", replace(EXPIRED, status=Status.CANCELLED), [Stage.EXPIRED]),
    ],
)
def test_what_notification_did_not_hear_is_named(code: str, entry: EntryState, stages: list[Stage]) -> None:
    found = diagnose([entry], [], [], stages)

    [finding] = [each for each in found.findings if each.code == code]
    assert finding.owners == {"registration"}


def test_a_contact_of_a_registration_that_does_not_exist_is_named_unless_it_was_an_offer() -> None:
    assert codes([], [], [], [Stage.CREATED]) == {"contact_without_registration"}
    assert codes([], [], [], [Stage.WAITING]) == codes([], [], [], [Stage.OFFER_ENDED]) == set()


@pytest.mark.parametrize(
    ("entry", "invoices", "owners"),
    [
        (PENDING, [], {"registration"}),
        (PENDING, [PAID], {"registration", "payment"}),
        (replace(PENDING, status=Status.PAYMENT_UPLOADED), [OPEN], {"registration", "payment"}),
        (EXPIRED, [OPEN], {"registration"}),
        (EXPIRED, [PAID], {"payment"}),
        (replace(EXPIRED, status=Status.CANCELLED, payment_id=PAYMENT), [PAID], {"registration"}),
        (replace(PENDING, amount=Decimal("9.00")), [OPEN], set()),
    ],
)
def test_those_publish_again_whose_news_was_missed(
    entry: EntryState, invoices: list[InvoiceState], owners: set[str]
) -> None:
    assert diagnose([entry], invoices, []).to_publish() == {owner: {REGISTRATION} for owner in owners}


def test_news_that_registration_never_heard_are_published_again_by_payment() -> None:
    found = diagnose([replace(PENDING, payment_sequence=1)], [OPEN], [])

    assert {finding.code for finding in found.findings} == {"news_unheard"}
    assert found.to_publish() == {"payment": {REGISTRATION}}


def test_a_deadline_that_only_one_of_them_moved_is_found() -> None:
    moved = replace(OPEN, expires_at=DEADLINE + timedelta(hours=24))

    assert codes([PENDING], [moved], []) == {"deadline_differs"}
    assert codes([EXPIRED], [replace(moved, status=InvoiceStatus.EXPIRED)], []) == set()


def test_a_deadline_that_only_notification_did_not_move_is_found() -> None:
    found = diagnose([PENDING], [OPEN], [], until=DEADLINE - timedelta(hours=1))

    assert {finding.code for finding in found.findings} == {"deadline_differs"}
    assert found.to_publish() == {"registration": {REGISTRATION}}
    uploaded = replace(PENDING, status=Status.PAYMENT_UPLOADED), replace(OPEN, status=InvoiceStatus.PROOF_UPLOADED)
    assert not diagnose([uploaded[0]], [uploaded[1]], [], until=DEADLINE - timedelta(hours=1)).findings


@pytest.mark.parametrize("status", [Status.PENDING_PAYMENT, Status.PAYMENT_UPLOADED])
def test_a_revival_that_notification_never_heard_is_found(status: Status) -> None:
    waiting = InvoiceStatus.OPEN if status is Status.PENDING_PAYMENT else InvoiceStatus.PROOF_UPLOADED
    found = diagnose([replace(PENDING, status=status)], [replace(OPEN, status=waiting)], [], [Stage.EXPIRED])

    assert {finding.code for finding in found.findings} == {"contact_differs"}
    assert found.to_publish() == {"registration": {REGISTRATION}}


@pytest.mark.parametrize(
    "owed", [replace(PAID, refund_due_ids=(PAYMENT,)), replace(PAID, refunded_ids=(PAYMENT,))], ids=["due", "done"]
)
def test_money_that_goes_back_in_silence_is_found(owed: InvoiceState) -> None:
    found = diagnose([EXPIRED], [owed], [], told=frozenset())

    assert {finding.code for finding in found.findings} == {"refund_not_told"}
    assert found.to_publish() == {"payment": {REGISTRATION}}
