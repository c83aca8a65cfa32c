"""Whose money a line is: accepted only if that is certain, proposed if it is likely, and never guessed."""

from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from payment.invoices.rules import InvoiceStatus
from payment.statements.candidates import Candidate
from payment.statements.matching import SHOWN, CandidateIndex, Kind, Match, Reason, Tier, propose
from payment.statements.model import Line
from payment.statements.number_index import NumberIndex, parts_of

_DAY = date(2026, 8, 20)
_OPENED = date(2026, 8, 18)


def invoice(number: str, payable: int = 150_000, name: str = "Budi Santoso", **more: Any) -> Candidate:
    """An open invoice. Its id ends in the digits of its number."""
    given_: dict[str, Any] = {"has_unique_code": False, "status": InvoiceStatus.OPEN, "payable_since": _OPENED}
    return Candidate(
        registration_id=UUID(int=int(parts_of(number)[1])),
        number=number,
        payable=Decimal(payable),
        payer_name=name,
        **(given_ | more),
    )


def line(text: str, amount: int = 150_000, **more: Any) -> Line:
    written = Line(7, _DAY, Decimal(amount), text, None, None, "f")
    return replace(written, **more)


def match(written: Line, *candidates: Candidate) -> Match:
    return propose(written, CandidateIndex(candidates))


def ids(found: Match) -> list[int]:
    return [each.int for each in found.registration_ids]


UNIQUE = invoice("FR5K-00042", 149_877, has_unique_code=True)
PLAIN = invoice("FR5K-00043", name="Ani Lestari")


# --- tier 1: a unique amount


def test_a_unique_amount_is_accepted_with_the_reason() -> None:
    found = match(line("TRSF E-BANKING CR 2008/FTSCY 149877.00LUNAS", 149_877), UNIQUE, PLAIN)
    assert (found.tier, found.kind, ids(found)) == (Tier.UNIQUE_AMOUNT, Kind.ACCEPT, [42])
    assert found.reason == Reason.UNIQUE_AMOUNT
    assert found.facts == {"amount": "149877.00", "number": "FR5K-00042", "payable": "149877.00", "status": "open"}


@pytest.mark.parametrize(("days", "kind"), [(13, Kind.ACCEPT), (14, Kind.UNKNOWN)])
def test_a_unique_amount_is_kept_for_two_weeks_after_the_end(days: int, kind: Kind) -> None:
    ended = replace(UNIQUE, status=InvoiceStatus.EXPIRED, ended_on=_DAY - timedelta(days))
    assert match(line("LUNAS", 149_877), ended).kind == kind


def test_an_old_transfer_is_not_taken_for_the_invoice_that_has_its_amount_now() -> None:
    # given an amount that was another payer's when the money came
    later = replace(UNIQUE, payable_since=_DAY + timedelta(2))
    assert match(line("LUNAS", 149_877), later).kind == Kind.UNKNOWN
    # while days that begin earlier in the east are no reason to refuse
    assert match(line("LUNAS", 149_877), replace(UNIQUE, payable_since=_DAY + timedelta(1))).kind == Kind.ACCEPT


def test_a_unique_amount_with_the_number_of_another_is_only_proposed() -> None:
    found = match(line("FR5K-00043 ANI", 149_877), UNIQUE, PLAIN)
    assert (found.kind, found.reason, ids(found)) == (Kind.PROPOSE, Reason.NAMES_ANOTHER, [42, 43])


def test_a_unique_amount_that_another_invoice_has_too_is_only_proposed() -> None:
    found = match(line("LUNAS", 149_877), UNIQUE, invoice("FR5K-00044", 149_877))
    assert (found.kind, found.reason, ids(found)) == (Kind.PROPOSE, Reason.SEVERAL_AMOUNTS, [42, 44])


@pytest.mark.parametrize("text", ["LUNAS", "FR5K-00042"])
def test_money_for_a_paid_invoice_is_proposed_as_surplus(text: str) -> None:
    paid = replace(UNIQUE, status=InvoiceStatus.PAID, ended_on=_DAY)
    found = match(line(text, 149_877), paid)
    assert (found.tier, found.kind, found.reason) == (Tier.UNIQUE_AMOUNT, Kind.PROPOSE, Reason.ALREADY_PAID)


def test_a_line_confirms_a_payment_that_was_verified_by_its_proof() -> None:
    verified = replace(UNIQUE, status=InvoiceStatus.PAID, ended_on=_DAY - timedelta(40), awaits_line=True)
    found = match(line("LUNAS", 149_877), verified)
    assert (found.kind, found.reason, ids(found)) == (Kind.ACCEPT, Reason.CONFIRMS_PAYMENT, [42])


# --- tiers 2 and 3: a registration number


@pytest.mark.parametrize(
    "text",
    [
        "TRSF E-BANKING CR FR5K-00043  ANI",
        "fr5k-00043",
        "FR5K00043",
        "FR5K 00043 ANI",
        "FR5K_00043",
        "F R 5K-00043",
        "150000.00FR5K-00043 ANI",
        "FR5K-00043ANI",
        "FR5K-00043 BI-FAST FR5K-00043",
        "FR5K-00 043",
        "FR5K-43",
        "FR5K43 ANI",
        "LARI (FR5K-00043)",
    ],
)
def test_a_number_in_any_writing_with_its_amount_is_accepted(text: str) -> None:
    found = match(line(text), PLAIN, UNIQUE)
    assert (found.tier, found.kind, ids(found)) == (Tier.NUMBER_AND_AMOUNT, Kind.ACCEPT, [43]), text
    assert found.reason == Reason.NUMBER_AND_AMOUNT


def test_a_number_in_the_reference_counts_too() -> None:
    assert match(line("LUNAS", reference="FR5K00043"), PLAIN).tier == Tier.NUMBER_AND_AMOUNT


@pytest.mark.parametrize(
    "text",
    ["FR5K-0043", "FR5K-000043", "FR5K-00043150000", "FR5K 43 ORANG", "FR5K-0004 3", "FR5K-00"],
)
def test_a_number_that_may_be_cut_or_mistyped_is_not_accepted(text: str) -> None:
    # given others whose numbers the same text may mean
    others = [invoice("FR5K-00004", name="Eko Putra"), invoice("FR5K-00430", name="Dewi Putri")]
    found = match(line(f"TRF {text}"), PLAIN, *others)
    assert found.kind == Kind.PROPOSE, text


def test_two_readings_of_one_place_are_not_sure() -> None:
    index = NumberIndex([invoice("FR5K-00004"), invoice("FR5K-40003")])
    (mention,) = index.mentions("TRF FR5K-4 0003 ANI")
    assert (len(mention.candidates), mention.is_sure) == (2, False)


def test_a_number_at_the_end_of_a_text_may_be_cut() -> None:
    many = invoice("FR5K-43001")
    assert match(line("TRF FR5K-43"), PLAIN, many).tier == Tier.NEAR_NUMBER
    assert match(line("TRF FR5K-43 ANI"), PLAIN, many).tier == Tier.NUMBER_AND_AMOUNT


@pytest.mark.parametrize("text", ["LARI 10K 2 ORANG", "LARI 10K-2 BUDI", "LARI10K-00002X", "110K-00002", "A10K-00002"])
def test_a_distance_in_a_text_is_no_number(text: str) -> None:
    found = match(line(text), invoice("10K-00002", name="Eko Putra"))
    assert found.kind == Kind.PROPOSE
    assert found.tier != Tier.NUMBER_AND_AMOUNT


def test_the_longer_prefix_is_meant() -> None:
    found = match(line("FR5K-00043"), PLAIN, invoice("5K-00043", name="Eko Putra"))
    assert (found.kind, found.facts["number"]) == (Kind.ACCEPT, "FR5K-00043")


def test_a_number_with_another_amount_is_proposed() -> None:
    found = match(line("FR5K-00043", 100_000), PLAIN, invoice("FR5K-00044", 100_000))
    assert (found.tier, found.kind, ids(found)) == (Tier.NUMBER_ONLY, Kind.PROPOSE, [43])
    assert (found.reason, found.facts["payable"]) == (Reason.OTHER_AMOUNT, "150000.00")


def test_two_numbers_are_not_decided_between() -> None:
    found = match(line("FR5K-00043 FR5K-00044"), PLAIN, invoice("FR5K-00044", 175_000))
    assert (found.kind, found.reason, ids(found)) == (Kind.PROPOSE, Reason.SEVERAL_NUMBERS, [43, 44])


def test_two_numbers_with_the_sum_of_their_amounts_are_proposed_together() -> None:
    found = match(line("FR5K-00043 FR5K-00044", 325_000), PLAIN, invoice("FR5K-00044", 175_000))
    assert (found.tier, found.reason, ids(found)) == (Tier.SUM, Reason.SUM_OF_NAMED, [43, 44])


def test_a_registration_that_ended_long_ago_is_only_proposed() -> None:
    ended = replace(PLAIN, status=InvoiceStatus.CANCELLED, ended_on=_DAY - timedelta(30))
    found = match(line("FR5K-00043"), ended)
    assert (found.kind, found.reason) == (Kind.PROPOSE, Reason.NOT_EXPECTED_THEN)
    assert found.facts["ended_on"] == "2026-07-21"


# --- tiers 4 to 7: proposals


def test_a_plain_amount_is_never_accepted() -> None:
    found = match(line("LUNAS"), PLAIN)
    assert (found.tier, found.kind, ids(found)) == (Tier.PLAIN_AMOUNT, Kind.PROPOSE, [43])


def test_of_a_plain_amount_the_payer_that_the_text_names_comes_first() -> None:
    others = [invoice(f"FR5K-{number:05d}", name="Eko Putra") for number in range(100, 120)]
    found = match(line("TRSF CR 150000.00ANI LESTARI"), *others, PLAIN)
    assert (found.reason, ids(found)) == (Reason.SAME_AMOUNT_AND_PAYER, [43])
    by_phone = match(line("TOPUP DANA 081234567890"), *others, replace(PLAIN, phone="6281234567890"))
    assert ids(by_phone) == [43]


def test_without_a_name_those_who_registered_last_before_come_first() -> None:
    since = [invoice(f"FR5K-{number:05d}", payable_since=_OPENED - timedelta(number)) for number in range(1, 9)]
    found = match(line("LUNAS"), *since)
    assert (found.reason, ids(found)) == (Reason.SAME_AMOUNT, [1, 2, 3, 4, 5][:SHOWN])
    assert found.facts["candidates"] == "8"


@pytest.mark.parametrize(
    "text",
    [
        "FRSK-00043",
        "FR5K-OOO43",
        "FRK-00043",
        "FR5X-00043",
        "FRR5K-00043",
        "FR5K-00048 ANI",
        "FR5K-0O43",
        "FR SK OOO43",
    ],
)
def test_a_number_with_one_mistake_and_the_same_amount_is_proposed(text: str) -> None:
    found = match(line(text), PLAIN, invoice("FR10K-00943", 150_000, name="Eko Putra"))
    assert (found.tier, found.kind, ids(found)[0]) == (Tier.NEAR_NUMBER, Kind.PROPOSE, 43), text


def test_a_number_of_another_category_is_not_near() -> None:
    # FR10K-00043 is two mistakes away from FR5K-00043
    found = match(line("FR5K-00043"), invoice("FR10K-00043", 250_000))
    assert found.kind == Kind.UNKNOWN
    assert match(line("FR5X-00043", 250_000), PLAIN).kind == Kind.UNKNOWN, "the amount must be equal"


def test_a_transfer_for_several_invoices_of_one_payer_is_proposed_as_their_sum() -> None:
    three = [invoice(f"FR5K-0005{number}", 150_000 + number) for number in range(3)]
    found = match(line("BUDI SANTOSO UNTUK BERTIGA", 450_003), *three, PLAIN)
    assert (found.tier, found.kind, ids(found)) == (Tier.SUM, Kind.PROPOSE, [50, 51, 52])
    assert found.reason == Reason.SUM_OF_PAYER
    by_phone = [replace(each, payer_name=name, phone="6281234567890") for each, name in zip(three, "ABC", strict=True)]
    assert ids(match(line("LUNAS", 300_001), *by_phone)) == [50, 51]


def test_a_sum_that_many_payers_have_needs_a_name() -> None:
    pairs = [
        invoice(f"FR5K-{number:05d}", name=name)
        for number, name in enumerate(["Budi Santoso", "Ani Lestari", "Eko Putra", "Dewi Putri"] * 2, start=1)
    ]
    assert match(line("LUNAS", 300_000), *pairs).kind == Kind.UNKNOWN
    assert ids(match(line("DEWI PUTRI", 300_000), *pairs)) == [4, 8]


def test_one_invoice_of_the_amount_comes_before_a_sum_unless_only_the_sum_names_its_payer() -> None:
    pair = [invoice("FR5K-00001", 75_000), invoice("FR5K-00002", 75_000)]
    assert match(line("LUNAS"), PLAIN, *pair).tier == Tier.PLAIN_AMOUNT
    assert match(line("BUDI SANTOSO"), PLAIN, *pair).tier == Tier.SUM
    assert match(line("ANI LESTARI"), PLAIN, *pair).tier == Tier.PLAIN_AMOUNT


def test_what_fits_nothing_is_unknown_money() -> None:
    found = match(line("SETORAN TUNAI", 123_456), PLAIN, UNIQUE)
    assert (found.tier, found.kind, ids(found), found.reason) == (Tier.NOTHING, Kind.UNKNOWN, [], Reason.NOTHING)


def test_money_that_went_out_is_not_matched() -> None:
    found = match(line("FR5K-00043", -150_000), PLAIN)
    assert (found.kind, found.reason) == (Kind.UNKNOWN, Reason.NOT_A_CREDIT)


# --- any text


_PREFIXES = st.sampled_from(["FR5K", "FR10K", "10K", "A", "HM-21", "fm42"])


@given(st.lists(st.tuples(_PREFIXES, st.integers(1, 99_999)), min_size=1, unique=True), st.data())
def test_a_full_number_is_found_in_any_surroundings(numbers: list[tuple[str, int]], data: st.DataObject) -> None:
    candidates = [invoice(f"{prefix}-{number:05d}") for prefix, number in numbers]
    wanted = data.draw(st.sampled_from(candidates))
    around = st.text(" .,/-", max_size=3)
    text = f"TRSF CR{data.draw(around)} {wanted.number.lower()} {data.draw(around)}BUDI"
    mentions = NumberIndex(candidates).mentions(text)
    assert [(mention.candidates, mention.is_sure) for mention in mentions] == [((wanted,), True)]


@given(st.text(max_size=80), st.integers(1, 10**8), st.booleans())
def test_only_a_unique_amount_or_a_number_with_its_amount_is_ever_accepted(
    text: str, amount: int, is_known: bool
) -> None:
    known = [UNIQUE, PLAIN, invoice("10K-00007", 175_000), invoice("10K-00008", 175_000)]
    paid = int(known[amount % len(known)].payable) if is_known else amount
    found = match(line(text, paid), *known)
    assert (found.kind is Kind.UNKNOWN) == (not found.registration_ids)
    if found.kind is Kind.ACCEPT:
        assert found.tier in {Tier.UNIQUE_AMOUNT, Tier.NUMBER_AND_AMOUNT}
        assert len(found.registration_ids) == 1
        assert found.facts["payable"] == found.facts["amount"]


def test_the_largest_texts_and_no_candidates_at_all_are_no_trouble() -> None:
    assert match(line("FR5K-00043 " * 20_000)).kind == Kind.UNKNOWN
    assert match(line("9" * 100_000), PLAIN).kind == Kind.PROPOSE
