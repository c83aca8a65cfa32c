"""Which rate is chosen from what sources say: recent, plausible, near to the others and to the last one."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from payment.usdt.rates.port import Quoted, RateSource
from payment.usdt.rates.rules import LIMITS, Choice, Limits, Reason, as_text, choose, most_telling, rounded

NOW = datetime(2026, 11, 25, 21, 0, tzinfo=UTC)

plausible = st.decimals(min_value=10_000, max_value=30_000, places=8)
any_rate = st.decimals(min_value=Decimal("0.00000001"), max_value=10**10, places=8)
any_age = st.integers(-3600, 3600).map(lambda seconds: timedelta(seconds=seconds))


def quoted(rate: Decimal | str, *, age: timedelta = timedelta(), source: RateSource = RateSource.INDODAX) -> Quoted:
    return Quoted(source, Decimal(rate), NOW - age)


def chosen_of(*rates: Decimal | str, after: Sequence[Decimal | str] = (), **limits: Any) -> Choice:
    """Return the choice from rates that the sources say now, after some that were accepted."""
    return choose([quoted(each) for each in rates], map(Decimal, after), now=NOW, limits=Limits(**limits))


@pytest.mark.parametrize(
    ("rates", "median"),
    [
        (["16650"], "16650"),
        (["16650", "16648.37"], "16649.185"),
        (["16650", "16652", "16648.37"], "16650"),
        (["16650.00000001", "16650"], "16650"),
        (["10000"], "10000"),
        (["30000"], "30000"),
    ],
)
def test_the_median_of_sources_that_agree_is_accepted(rates: list[str], median: str) -> None:
    choice = chosen_of(*rates)
    assert (choice.idr_per_usdt, choice.reason) == (Decimal(median), None)
    assert len(choice.used) == len(rates)


@pytest.mark.parametrize("outlier", ["25000", "10500", "16990"])
def test_one_of_three_that_is_far_from_the_others_is_left_out(outlier: str) -> None:
    choice = chosen_of("16650", outlier, "16652")
    assert (choice.idr_per_usdt, choice.reason) == (Decimal(16651), None)
    assert [each.reason for each in choice.verdicts] == [None, Reason.OUTLIER, None]


@pytest.mark.parametrize(
    "rates",
    [
        ["16650", "18000"],
        ["16650", "17000"],
        ["11000", "16650", "25000"],
        ["16650", "16660", "17200", "17210"],
    ],
    ids=["two", "each near to their mean", "three", "two and two"],
)
def test_sources_that_disagree_give_no_rate(rates: list[str]) -> None:
    choice = chosen_of(*rates)
    assert (choice.idr_per_usdt, choice.reason) == (None, Reason.DISAGREE)
    assert [each.reason for each in choice.verdicts] == [Reason.DISAGREE] * len(rates)


@pytest.mark.parametrize(
    ("quote", "reason"),
    [
        (quoted("16650", age=timedelta(minutes=10)), None),
        (quoted("16650", age=timedelta(minutes=10, seconds=1)), Reason.STALE),
        (quoted("16650", age=timedelta(seconds=-30)), None),
        (quoted("16650", age=timedelta(seconds=-31)), Reason.FUTURE),
        (quoted("9999.99"), Reason.OUTSIDE),
        (quoted("30000.01"), Reason.OUTSIDE),
        (quoted("0.00006006"), Reason.OUTSIDE),
        (quoted("1"), Reason.OUTSIDE),
    ],
)
def test_a_source_alone_is_used_if_it_is_recent_and_plausible(quote: Quoted, reason: Reason | None) -> None:
    choice = choose([quote], [], now=NOW)
    assert choice.reason is reason
    assert [each.reason for each in choice.verdicts] == [reason]
    assert (choice.idr_per_usdt is None) == (reason is not None)


def test_a_source_that_cannot_be_used_does_not_count() -> None:
    """The stale one would make two of three, or disagree with the other one."""
    choice = choose([quoted("16650"), quoted("18000", age=timedelta(hours=1))], [], now=NOW)
    assert (choice.idr_per_usdt, choice.reason) == (Decimal(16650), None)
    assert [each.reason for each in choice.verdicts] == [None, Reason.STALE]


def test_without_an_answer_there_is_no_rate() -> None:
    assert chosen_of() == Choice([], None, Reason.NO_ANSWER)


@pytest.mark.parametrize(
    ("rates", "reason"),
    [(["16650"], Reason.TOO_FEW), (["16650", "16651"], None), (["16650", "18000"], Reason.DISAGREE)],
)
def test_a_quorum_has_to_agree(rates: list[str], reason: Reason | None) -> None:
    assert chosen_of(*rates, quorum=2).reason is reason


@pytest.mark.parametrize(
    ("after", "reason"),
    [
        ([], None),
        (["16650"], None),
        (["15857.2"], None),
        (["15857.1"], Reason.JUMP),
        (["17526.4"], Reason.JUMP),
        (["15000", "16600"], None),
        (["15000", "19000"], Reason.JUMP),
    ],
    ids=["first", "same", "5 % above", "more", "more below", "one of them is near", "between"],
)
def test_a_rate_far_from_all_that_were_accepted_waits_for_staff(after: list[str], reason: Reason | None) -> None:
    choice = chosen_of("16650", after=after)
    assert (choice.idr_per_usdt, choice.reason) == (Decimal(16650), reason)
    assert choice.used == [quoted("16650")]


def test_the_reason_shown_is_the_one_that_says_most() -> None:
    assert most_telling([Reason.STALE, None, Reason.DISAGREE, Reason.OUTSIDE]) is Reason.DISAGREE
    assert most_telling([None]) is None


@given(plausible)
def test_an_inverted_rate_is_never_used(rate: Decimal) -> None:
    inverted = rounded(1 / rate)
    assert chosen_of(inverted).reason is Reason.OUTSIDE
    assert chosen_of(rate, inverted).idr_per_usdt == rate


@given(st.lists(plausible, min_size=1, max_size=5), st.timedeltas(timedelta(minutes=10, seconds=1), timedelta(days=9)))
def test_old_answers_alone_give_no_rate(rates: list[Decimal], age: timedelta) -> None:
    choice = choose([quoted(each, age=age) for each in rates], [], now=NOW)
    assert (choice.idr_per_usdt, choice.reason) == (None, Reason.STALE)


@given(plausible, st.decimals(min_value="0.9999", max_value="1.0001", places=8), any_rate)
def test_one_absurd_source_of_three_moves_the_rate_no_further_than_the_others_are_apart(
    rate: Decimal, factor: Decimal, absurd: Decimal
) -> None:
    honest = sorted((rate, min(max(rounded(rate * factor), LIMITS.floor), LIMITS.ceiling)))
    choice = chosen_of(*honest, absurd)
    assert choice.reason is None
    assert choice.idr_per_usdt is not None
    assert honest[0] <= choice.idr_per_usdt <= honest[1]


@given(st.lists(st.tuples(st.one_of(plausible, any_rate), any_age), max_size=5), st.lists(plausible, max_size=2))
def test_whatever_sources_say_a_chosen_rate_is_among_recent_plausible_ones(
    said: list[tuple[Decimal, timedelta]], after: list[Decimal]
) -> None:
    choice = choose([quoted(rate, age=age) for rate, age in said], after, now=NOW)
    assert [each.quoted.idr_per_usdt for each in choice.verdicts] == [rate for rate, _ in said]
    if choice.idr_per_usdt is None:
        assert choice.reason is not None
        assert choice.used == []
        return
    used = [each.idr_per_usdt for each in choice.used]
    assert LIMITS.floor <= min(used) <= choice.idr_per_usdt <= max(used) <= LIMITS.ceiling
    assert max(used) - min(used) <= max(used) * Decimal("0.04")
    assert all(NOW - LIMITS.oldest <= each.observed_at <= NOW + LIMITS.ahead for each in choice.used)
    near = [each for each in after if abs(choice.idr_per_usdt - each) <= each * LIMITS.jump]
    assert choice.reason is (Reason.JUMP if after and not near else None)


@given(st.lists(st.decimals(min_value=16_000, max_value=17_500, places=2), min_size=1, max_size=4))
def test_the_order_of_the_sources_does_not_matter(rates: list[Decimal]) -> None:
    outcomes = {(choice.idr_per_usdt, choice.reason) for choice in (chosen_of(*each) for each in permutations(rates))}
    assert len(outcomes) == 1


@given(any_rate)
def test_the_text_of_a_rate_is_exact(rate: Decimal) -> None:
    assert Decimal(as_text(rate)) == rate
    assert len(as_text(rate).partition(".")[2]) in range(2, 9)


@pytest.mark.parametrize(
    ("rate", "text"),
    [("16650", "16650.00"), ("16649.185", "16649.185"), ("1E+4", "10000.00"), ("0.00006006", "0.00006006")],
)
def test_the_text_of_a_rate_is_short(rate: str, text: str) -> None:
    assert as_text(Decimal(rate)) == text
