"""Lines of a statement and payments that wait: what belongs together, how sure that is, and why not."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st
from web.console.payments.statement.amounts import bank_amount
from web.console.payments.statement.matching import Claim, Match, Why, match
from web.console.payments.statement.reading import Line

DAY = date(2027, 1, 3)
_SPACE = UUID(int=1)


def _claim(number: int, amount: int, **fields: Any) -> Claim:
    made = {"payer": f"Payer {number} Name", "paid_on": DAY, **fields}
    return Claim(uuid5(_SPACE, str(number)), f"FR5K-2027-{number:05}", amount=Decimal(amount), **made)


def _lines(*written: tuple[int, str], day: date | None = DAY) -> Sequence[Line]:
    found = []
    for number, (amount, description) in enumerate(written, start=1):
        read = bank_amount(str(amount))
        assert read is not None
        found.append(Line(number, day, read, str(amount), description))
    return found


def _only(found: Match) -> tuple[str, Sequence[Why], Sequence[Why]]:
    [each] = found.proposals
    return each.claim.number, each.grounds, each.doubts


@pytest.mark.parametrize(
    "description", ["TRSF FR5K-2027-00001 BUDI", "fr5k 2027 00001", "FR5K202700001", "FR5K/2027/00001/REG"]
)
def test_a_line_that_names_the_registration_is_sure(description: str) -> None:
    waiting = [_claim(1, 150_000), _claim(2, 150_000)]
    found = match(_lines((150_000, description)), waiting)
    assert _only(found) == ("FR5K-2027-00001", [Why.NUMBER], [])
    assert [claim.number for claim in found.claims] == ["FR5K-2027-00002"]


def test_a_longer_number_is_another_number() -> None:
    found = match(_lines((150_000, "FR5K-2027-000011")), [_claim(1, 150_000)])
    assert _only(found)[1:] == ([], [Why.JUST_AMOUNT])


def test_a_line_with_the_reference_of_the_runner_is_sure() -> None:
    waiting = [_claim(1, 150_000, reference="Ref. 8271645512 BCA"), _claim(2, 150_000, reference="paid, thanks")]
    found = match(_lines((150_000, "QRIS 8271645512")), waiting)
    assert _only(found) == ("FR5K-2027-00001", [Why.REFERENCE], [])


def test_a_reference_of_two_runners_says_nothing() -> None:
    waiting = [_claim(number, 150_000, reference="8271645512") for number in (1, 2)]
    assert _only(match(_lines((150_000, "QRIS 8271645512")), waiting))[1:] == ([], [Why.SAME_AMOUNTS])


def test_amount_and_full_name_are_sure_a_single_name_is_not() -> None:
    waiting = [_claim(1, 150_000, payer="Budi Santoso"), _claim(2, 150_000, payer="Sari")]
    found = match(_lines((150_000, "TRSF BUDI X SANTOSO"), (150_000, "TRSF SARI")), waiting)
    assert [(each.claim.payer, each.grounds, each.is_sure) for each in found.proposals] == [
        ("Budi Santoso", [Why.NAME], True),
        ("Sari", [], False),
    ]


def test_an_amount_that_only_one_has_is_sure_if_it_is_not_round() -> None:
    waiting = [_claim(1, 150_123), _claim(2, 175_000)]
    found = match(_lines((150_123, "QRIS"), (175_000, "QRIS")), waiting)
    assert [(each.grounds, each.doubts) for each in found.proposals] == [
        ([Why.ONLY_AMOUNT], []),
        ([], [Why.JUST_AMOUNT]),
    ]


def test_the_same_amount_twice_is_never_sure_without_a_name() -> None:
    twice = match(_lines((150_123, "QRIS"), (150_123, "QRIS")), [_claim(1, 150_123)])
    assert (_only(twice)[2], len(twice.lines)) == ([Why.SAME_AMOUNTS], 1)
    both = match(_lines((150_123, "QRIS")), [_claim(1, 150_123), _claim(2, 150_123)])
    assert (_only(both)[2], len(both.claims)) == ([Why.SAME_AMOUNTS], 1)


def test_another_amount_under_the_number_is_proposed_with_a_doubt() -> None:
    found = match(_lines((140_000, "FR5K-2027-00001")), [_claim(1, 150_000)])
    assert _only(found) == ("FR5K-2027-00001", [Why.NUMBER], [Why.AMOUNT_DIFFERS])


@pytest.mark.parametrize(
    ("fields", "day", "doubt"),
    [
        ({"has_ended": True}, DAY, Why.ENDED),
        ({"is_duplicate": True}, DAY, Why.SAME_PICTURE),
        ({}, DAY - timedelta(days=4), Why.FAR_APART),
    ],
)
def test_a_doubt_takes_the_tick_away(fields: dict[str, Any], day: date, doubt: Why) -> None:
    found = match(_lines((150_000, "FR5K-2027-00001"), day=day), [_claim(1, 150_000, **fields)])
    assert _only(found)[2] == [doubt]


def test_a_line_without_a_day_is_compared_by_the_rest() -> None:
    assert _only(match(_lines((150_000, "FR5K-2027-00001"), day=None), [_claim(1, 150_000)]))[2] == []


def test_lines_of_verified_payments_are_known_and_propose_nothing() -> None:
    done = [_claim(1, 150_000), _claim(2, 150_123), _claim(3, 150_000, reference="8271645512")]
    lines = _lines((150_000, "FR5K-2027-00001"), (150_123, "QRIS"), (150_000, "QRIS 8271645512"))
    found = match(lines, [_claim(4, 150_000)], done)
    assert [claim.number[-1] for _, claim in found.known] == ["1", "2", "3"]
    assert (found.proposals, found.lines) == ([], [])


_CLAIMS = st.lists(
    st.tuples(st.sampled_from([150_000, 150_123, 99]), st.sampled_from(["Budi Santoso", "Sari"]), st.booleans()),
    max_size=8,
)
_WRITTEN = st.lists(
    st.tuples(st.sampled_from([150_000, 150_123, 99, 7]), st.sampled_from(["", "BUDI SANTOSO", "FR5K-2027-00001"])),
    max_size=8,
)


@given(_CLAIMS, _WRITTEN)
def test_every_line_and_every_payment_is_somewhere_once(
    claims: list[tuple[int, str, bool]], written: list[tuple[int, str]]
) -> None:
    waiting = [
        _claim(number, amount, payer=payer, has_ended=ended) for number, (amount, payer, ended) in enumerate(claims)
    ]
    lines = _lines(*written)
    done = [_claim(100, 7)]
    found = match(lines, waiting, done)
    used = [each.line.number for each in found.proposals] + [line.number for line, _ in found.known]
    assert sorted(used + [line.number for line in found.lines]) == [line.number for line in lines]
    ids = [each.claim.payment_id for each in found.proposals] + [claim.payment_id for claim in found.claims]
    assert sorted(ids) == sorted(claim.payment_id for claim in waiting)
    for each in found.proposals:
        if each.is_sure:
            assert each.claim.amount == each.line.amount.value
            assert each.grounds
            assert not each.claim.has_ended


def test_an_amount_or_a_name_that_was_paid_for_already_makes_nothing_sure() -> None:
    paid = _claim(9, 149_500, payer="Budi Santoso")
    lines = _lines((149_500, "TRSF BUDI SANTOSO"))
    assert _only(match(lines, [_claim(1, 149_500)], [paid]))[1:] == ([], [Why.SAME_AMOUNTS])
    again = _claim(2, 149_500, payer="Budi Santoso")
    assert _only(match(lines, [again], [paid]))[1:] == ([Why.NAME], [Why.SAME_AMOUNTS])
    other = _claim(8, 149_500, payer="Siti Rahma")
    assert _only(match(lines, [again], [other]))[1:] == ([Why.NAME], [])


def test_nothing_but_numbers_is_sure_while_verified_payments_are_missing() -> None:
    lines = _lines((149_501, "TRSF BUDI SANTOSO"), (149_502, "TRSF"), (149_503, "FR5K-2027-00003"))
    waiting = [_claim(1, 149_501, payer="Budi Santoso"), _claim(2, 149_502), _claim(3, 149_503)]
    sure = {each.claim.number for each in match(lines, waiting, knows_all_verified=False).proposals if each.is_sure}
    assert sure == {"FR5K-2027-00003"}
    assert len([each for each in match(lines, waiting).proposals if each.is_sure]) == 3
