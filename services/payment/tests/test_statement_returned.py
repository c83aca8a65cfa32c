"""Lines that are no payer's money: payouts that arrive, and money that goes back."""

from datetime import date
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from payment.statements.matching import CandidateIndex, Kind, Reason, propose
from payment.statements.model import Line
from payment.statements.outgoing import Returned, SentBack, SentBackIndex, propose_sent_back

from .payment_driver import PRICE, PaymentDriver
from .statement_driver import Bank

_NOTHING = CandidateIndex(())


@pytest.fixture
def bank(driver: PaymentDriver) -> Bank:
    return Bank(driver)


def line(text: str, amount: str, reference: str | None = None) -> Line:
    return Line(1, date(2026, 8, 3), Decimal(amount), text, reference, None, "f")


@pytest.mark.parametrize(
    ("text", "amount", "facts"),
    [
        (
            "KR OTOMATIS MID : 885000123456 LARI INVENSI QR : 450000.00 DDR : 3150.00",
            "446850.00",
            {"payout": "qris", "gross": "450000.00", "fee": "3150.00"},
        ),
        (
            "KR OTOMATIS MID: 885000123456 QR: 1,450,000.00 DDR: 10,150.00",
            "1439850.00",
            {"payout": "qris", "gross": "1450000.00", "fee": "10150.00"},
        ),
        ("KR OTOMATIS MID 885000123456 QR 450.000 DDR 0", "450000.00", {"payout": "qris", "gross": "450000.00"}),
        ("KR OTOMATIS MID : 885000123456 QR : 450000.00 DDR : 1.00", "446850.00", {"payout": "qris"}),
        ("KR OTOMATIS MID : 885000123456", "446850.00", {"payout": "qris"}),
        ("TRSF E-BANKING CR 0308/FTSCY/WS95031 PT MIDTRANS PENCAIRAN", "1980000.00", {"payout": "midtrans"}),
    ],
)
def test_a_payout_is_proposed_with_what_was_kept_back(text: str, amount: str, facts: dict[str, str]) -> None:
    found = propose(line(text, amount), _NOTHING)
    assert (found.kind, found.reason, found.registration_ids) == (Kind.PROPOSE, Reason.PAYOUT, ())
    assert found.facts.items() >= {"amount": amount, **facts}.items()
    assert ("gross" in found.facts) == ("gross" in facts)


@pytest.mark.parametrize(
    "text", ["TRSF E-BANKING CR QR BUDI", "SETORAN MID", "TRSF AMID SANTOSO KR OTOMATIS", "TRSF DDR : 450000.00"]
)
def test_words_alone_are_no_payout(text: str) -> None:
    assert propose(line(text, "450000.00"), _NOTHING).reason == Reason.NOTHING


def returned(**changed: Any) -> SentBack:
    known = {"what": Returned.REFUND, "id": uuid4(), "amount": PRICE, "payer_name": "Siti Rahayu"}
    return SentBack(**{**known, **changed})


def test_money_that_went_back_is_found_by_its_reference_or_by_name() -> None:
    by_reference, by_name = returned(reference="FT-2608 17", payer_name="Budi"), returned()
    index = SentBackIndex([by_reference, by_name, returned(amount=Decimal("99000.00"))])
    for text, found in (
        ("TRSF FT260817", by_reference),
        ("TRSF KE SITI RAHAYU", by_name),
        ("TRSF BUDI", by_reference),
    ):
        match = propose_sent_back(line(text, "-150000.00"), index)
        assert (match.kind, match.reason) == (Kind.PROPOSE, Reason.REFUND)
        assert match.facts["refund_id"] == str(found.id)


@pytest.mark.parametrize("text", ["BIAYA ADM", "TRSF SITI", "TRSF KE AGUS"])
def test_money_that_names_no_one_is_only_listed(text: str) -> None:
    match = propose_sent_back(line(text, "-150000.00"), SentBackIndex([returned(reference="12")]))
    assert (match.kind, match.reason, match.facts) == (Kind.UNKNOWN, Reason.NOT_A_CREDIT, {"amount": "-150000.00"})


def test_between_two_payers_of_one_name_a_person_decides() -> None:
    match = propose_sent_back(line("TRSF SITI RAHAYU", "-150000.00"), SentBackIndex([returned(), returned()]))
    assert match.reason == Reason.NOT_A_CREDIT


async def test_outgoing_lines_are_compared_with_refunds_and_kept_money(driver: PaymentDriver, bank: Bank) -> None:
    # given a refund that is due, and unknown money that was transferred back
    entry, payment = await driver.register_and_pay(payer="Siti Rahayu")
    await driver.deliver(entry.cancelled(refund=payment))
    bank.receives("TRSF SIAPA", Decimal("99000.00"))
    [unknown] = await bank.uploaded_lines()
    (await bank.try_keep(unknown)).require(204)
    [money] = await bank.kept()
    for decision, body in (("refund", {"reason": "unknown payer"}), ("refunded", {"reference": "BCA 770011"})):
        path = f"/surplus/{money['id']}/{decision}"
        (await driver.call("POST", path, by=driver.finance, json=body)).require(204)
    bank.receives("TRSF DB SITI RAHAYU", -PRICE)
    bank.receives("TRSF DB BCA770011", Decimal("-99000.00"))
    bank.receives("BIAYA ADM", Decimal("-15000.00"))
    # when
    imported = await bank.upload()
    # then
    refund, kept, fee = await bank.lines(imported)
    assert {each["state"] for each in (refund, kept, fee)} == {"outgoing"}
    assert (refund["reason"], refund["facts"]["number"]) == ("refund", entry.number)
    assert refund["facts"]["refund_id"] == str(payment)
    assert refund["proposals"][0]["registration_id"] == str(entry.id)
    assert (kept["reason"], kept["facts"]["money_id"]) == ("refund", money["id"])
    assert (fee["reason"], fee["kind"]) == ("not_a_credit", "unknown")
    assert imported["unknown"] == 0


async def test_a_payout_is_not_accepted_without_a_person(driver: PaymentDriver, bank: Bank) -> None:
    await driver.change_settings(statement_auto_accept=True)
    entry = await driver.register()
    bank.receives(f"PT MIDTRANS {entry.number}")
    imported = await bank.upload()
    assert (imported["proposed"], imported["accepted"]) == (1, 0)
    [payout] = await bank.lines(imported)
    assert (payout["reason"], payout["facts"]["payout"]) == ("payout", "midtrans")
