"""Any statement is read as it is, or refused by name."""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from chassis.errors import StartlineError
from hypothesis import assume, given
from hypothesis import strategies as st
from payment.statements.errors import REFUSALS, StatementDoesNotAddUp
from payment.statements.model import Statement
from payment.statements.reading import read, sample

from .statements.rendering import ACCOUNT, ALL, WITH_OPENING, WITH_RUNNING_BALANCE, Rendering, Sheet, sheet

_WORDS = st.text("ABCDEFabcdef0123456789 .,;/&'\"-é", max_size=40)
_AMOUNTS = st.integers(-(10**11), 10**11).filter(bool).map(lambda cents: Decimal(cents) / 100)


@st.composite
def sheets(draw: st.DrawFn, *, least: int = 0) -> Sheet:
    """A statement of few days, so that many lines are of the same day."""
    movements, day = [], date(2026, 12, 20)
    for _ in range(draw(st.integers(least, 8))):
        day += timedelta(draw(st.sampled_from([0, 0, 1, 12])))
        movements.append((day, draw(_AMOUNTS), draw(_WORDS)))
    return sheet(Decimal(draw(st.integers(-(10**12), 10**12))) / 100, movements)


Written = tuple[str, Rendering]


def each_of(renderings: dict[str, Rendering]) -> st.SearchStrategy[Written]:
    return st.sampled_from([(name.partition(",")[0], rendering) for name, rendering in renderings.items()])


def read_text(text: str) -> Statement:
    return read(text.encode(), account=ACCOUNT)


def fingerprints(written: Sheet, rendering: Rendering) -> list[str]:
    return [line.fingerprint for line in read_text(rendering(written)).lines]


@given(sheets(), each_of(ALL))
def test_a_statement_of_any_format_is_read_as_it_was_written(written: Sheet, as_: Written) -> None:
    name, rendering = as_
    statement = read_text(rendering(written))
    assert statement.format == name
    assert (statement.account, statement.currency, statement.pending) == (ACCOUNT, "IDR", 0)
    read_back = [(line.booked_on, line.amount, line.text) for line in statement.lines]
    assert read_back == [(each.day, each.amount, " ".join(each.text.split())) for each in written.rows]


@given(sheets(), each_of(WITH_RUNNING_BALANCE))
def test_balances_after_the_lines_are_read(written: Sheet, as_: Written) -> None:
    statement = read_text(as_[1](written))
    assert [line.balance for line in statement.lines] == [each.balance for each in written.rows]


@given(sheets(least=1), each_of(WITH_OPENING))
def test_opening_and_closing_balance_are_read(written: Sheet, as_: Written) -> None:
    statement = read_text(as_[1](written))
    assert (statement.opening, statement.closing) == (written.opening, written.closing)


@st.composite
def digits_changed(draw: st.DrawFn, number: Decimal) -> Decimal:
    """The number with one of its digits changed."""
    digits = list(f"{abs(number):.2f}")
    index = draw(st.sampled_from([index for index, digit in enumerate(digits) if digit.isdigit()]))
    digits[index] = str((int(digits[index]) + draw(st.integers(1, 9))) % 10)
    return Decimal("".join(digits)).copy_sign(number)


@given(sheets(least=1), each_of(WITH_OPENING), st.data())
def test_an_amount_with_one_digit_changed_is_refused(written: Sheet, as_: Written, data: st.DataObject) -> None:
    number = data.draw(st.integers(0, len(written.rows) - 1))
    wrong = written.with_row(number, amount=data.draw(digits_changed(written.rows[number].amount)))
    with pytest.raises(StatementDoesNotAddUp) as refused:
        read_text(as_[1](wrong))
    assert refused.value.extra["expected"] != refused.value.extra["found"]


@given(sheets(least=1), each_of(WITH_RUNNING_BALANCE), st.data())
def test_a_balance_with_one_digit_changed_is_refused(written: Sheet, as_: Written, data: st.DataObject) -> None:
    # Without an opening balance one line proves nothing, and of two on the same day either may be the first.
    assume(as_[1] in WITH_OPENING.values() or written.rows[0].day < written.rows[-1].day)
    number = data.draw(st.integers(0, len(written.rows) - 1))
    wrong = written.with_row(number, balance=data.draw(digits_changed(written.rows[number].balance)))
    with pytest.raises(StatementDoesNotAddUp):
        read_text(as_[1](wrong))


@given(sheets(least=3), each_of(WITH_OPENING), st.data())
def test_a_missing_line_is_refused(written: Sheet, as_: Written, data: st.DataObject) -> None:
    # Without the first or last line of its own, a file of BRI is one of a shorter period.
    number = data.draw(st.integers(1, len(written.rows) - 2))
    with pytest.raises(StatementDoesNotAddUp):
        read_text(as_[1](written.without_row(number)))


@given(sheets(least=1), st.integers(2, 5), each_of(ALL))
def test_equal_transfers_of_one_day_stay_as_many_as_they_are(written: Sheet, times: int, as_: Written) -> None:
    movements = [(each.day, each.amount, each.text) for each in written.rows]
    repeated = sheet(written.opening, [movements[0]] * times + movements[1:])
    assert len(set(fingerprints(repeated, as_[1]))) == len(repeated.rows)


@given(sheets(least=2), each_of(WITH_RUNNING_BALANCE), st.data())
def test_lines_that_two_files_share_have_the_same_fingerprints(
    written: Sheet, as_: Written, data: st.DataObject
) -> None:
    # given lines of which no two say the same, as a return to the same balance with the same text would
    assume(len({(each.day, each.amount, each.text) for each in written.rows}) == len(written.rows))
    # when two files overlap anywhere
    start = data.draw(st.integers(0, len(written.rows) - 1))
    end = data.draw(st.integers(start + 1, len(written.rows)))
    first = fingerprints(written.part(0, end), as_[1])
    second = fingerprints(written.part(start, len(written.rows)), as_[1])
    # then they agree on what is in both
    assert first[start:] == second[: end - start]
    assert len({*first, *second}) == len(written.rows)


@given(sheets(least=2), each_of(ALL))
def test_without_balances_a_day_that_two_files_share_has_the_same_fingerprints(written: Sheet, as_: Written) -> None:
    days = [each.day for each in written.rows]
    start = days.index(days[-1])
    last_day = written.part(start, len(days))
    assert fingerprints(written, as_[1])[start:] == fingerprints(last_day, as_[1])


@given(sheets(least=2), each_of(WITH_RUNNING_BALANCE))
def test_newest_first_gives_the_same_lines(written: Sheet, as_: Written) -> None:
    assume(written.rows[0].day < written.rows[-1].day)
    newest_first = replace(written, rows=list(written.rows)[::-1])
    assert fingerprints(newest_first, as_[1]) == fingerprints(written, as_[1])[::-1]
    assert read_text(as_[1](newest_first)).closing == written.closing


_REFUSED = tuple(REFUSALS)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused_by_name(data: bytes) -> None:
    read_or_refused(data)


@given(st.text(max_size=300))
def test_any_text_is_read_or_refused_by_name(text: str) -> None:
    read_or_refused(text.encode("utf-8", "replace"))


@given(sheets(least=1), each_of(ALL), st.data())
def test_a_damaged_statement_is_read_or_refused_by_name(written: Sheet, as_: Written, data: st.DataObject) -> None:
    whole = as_[1](written).encode()
    start = data.draw(st.integers(0, len(whole)))
    end = data.draw(st.integers(start, min(len(whole), start + 40)))
    other = data.draw(st.binary(max_size=10) | st.text(':<>&;,."\n0123456789-CDR', max_size=10).map(str.encode))
    read_or_refused(whole[:start] + other + whole[end:])


def read_or_refused(data: bytes) -> None:
    """Read; whatever is refused names what is wrong, in both languages, and quotes no text of the file."""
    for action in (read, sample):
        refused = refusal(action, data)
        if refused is not None:
            assert isinstance(refused, _REFUSED)
            assert refused.status == 422
            assert refused.wording.en != refused.wording.id
            assert not any(char.isalpha() and char != "x" for char in str(refused.extra.get("found", "")))


def refusal(action: Callable[[bytes], object], data: bytes) -> StartlineError | None:
    try:
        action(data)
    except StartlineError as refused:
        return refused
    return None
