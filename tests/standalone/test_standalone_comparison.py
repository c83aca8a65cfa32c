"""What the doctor thinks of one registration as three services hold it."""

from dataclasses import replace
from decimal import Decimal
from uuid import uuid4

import pytest
from checkin.pickup.queries import RosterLine
from payment.doctor import InvoiceState
from payment.invoices.rules import InvoiceStatus
from registration.entries.rules import Status
from registration.entries.snapshot import EntryState
from standalone.doctor.comparison import compare
from standalone.doctor.findings import Diagnosis

REGISTRATION, PAYMENT, SURPLUS, PERSON = uuid4(), uuid4(), uuid4(), uuid4()

CONFIRMED = EntryState(REGISTRATION, "R-1", Status.PAYMENT_VERIFIED, Decimal("10.00"), PAYMENT, {PERSON: 7})
PAID = InvoiceState(REGISTRATION, InvoiceStatus.PAID, Decimal("10.00"), "IDR", (PAYMENT,), (), (), ())
ON_ROSTER = RosterLine(REGISTRATION, PERSON, 7, live=True, checked_in=False)
PENDING = replace(CONFIRMED, status=Status.PENDING_PAYMENT, payment_id=None, bibs={PERSON: None})
OPEN = replace(PAID, status=InvoiceStatus.OPEN, paid_payment_ids=())
EXPIRED = replace(PENDING, status=Status.EXPIRED, bibs={})


def codes(entries: list[EntryState], invoices: list[InvoiceState], roster: list[RosterLine]) -> set[str]:
    diagnosis = Diagnosis()
    compare(diagnosis, entries, invoices, roster)
    return {finding.code for finding in diagnosis.findings}


@pytest.mark.parametrize(
    ("entry", "invoice", "roster"),
    [
        (CONFIRMED, PAID, [ON_ROSTER]),
        (PENDING, OPEN, []),
        (replace(PENDING, status=Status.PAYMENT_UPLOADED), replace(OPEN, status=InvoiceStatus.PROOF_UPLOADED), []),
        (EXPIRED, replace(OPEN, status=InvoiceStatus.EXPIRED), []),
        (EXPIRED, replace(PAID, refund_due_ids=(PAYMENT,)), []),
        (replace(EXPIRED, status=Status.CANCELLED), replace(PAID, refunded_ids=(PAYMENT,)), []),
        (CONFIRMED, replace(PAID, paid_payment_ids=(PAYMENT, SURPLUS), refund_due_ids=(SURPLUS,)), [ON_ROSTER]),
        (CONFIRMED, replace(PAID, paid_payment_ids=(PAYMENT, SURPLUS), refunded_ids=(SURPLUS,)), [ON_ROSTER]),
    ],
)
def test_one_story_told_three_times_is_fine(entry: EntryState, invoice: InvoiceState, roster: list[RosterLine]) -> None:
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
    code: str, entry: EntryState, invoice: InvoiceState, roster: list[RosterLine]
) -> None:
    assert code in codes([entry], [invoice], roster)


def test_what_only_one_service_knows_is_named() -> None:
    assert codes([CONFIRMED], [], [ON_ROSTER]) == {"invoice_missing"}
    assert codes([], [PAID], [ON_ROSTER]) == {"invoice_without_registration", "roster_without_registration"}
