"""MT940 as Indonesian banks send it, and what a reader must not believe."""

from datetime import date

import pytest
from chassis.errors import StartlineError
from payment.statements.errors import (
    SeveralAccounts,
    StatementDoesNotAddUp,
    UnreadableDate,
    UnreadableMt940,
    UnreadableNumber,
)
from payment.statements.model import Format, Statement
from payment.statements.reading import read

_FILE = """\
{1:F01CENAIDJAXXX0000000000}{2:O9401200260803CENAIDJAXXX}{4:
:20:STMT0826
:25:CENAIDJA/0552372610
:28C:00167619/1
:60F:C260801IDR1000000,00
:61:2608020802C150123,00NTRFNONREF//20260802X
SUPPLEMENT
:86:TRSF BUDI FR5K-00
042
:61:2608030803D15000,NCHGBIAYA
:62F:C260803IDR1135123,00
:64:C260803IDR1135123,00
:86:the account as a whole
-}
"""


def read_text(text: str) -> Statement:
    return read(text.encode())


def ends(statement: Statement) -> tuple[int, int]:
    """The opening and closing balance."""
    assert statement.opening is not None
    assert statement.closing is not None
    return int(statement.opening), int(statement.closing)


def refusal_of(text: str, kind: type[StartlineError]) -> StartlineError:
    with pytest.raises(kind) as refused:
        read_text(text)
    return refused.value


def test_lines_have_their_texts_references_and_places() -> None:
    statement = read_text(_FILE)
    assert (statement.format, statement.account, statement.currency) == (Format.MT940, "0552372610", "IDR")
    assert ends(statement) == (1_000_000, 1_135_123)
    transfer, fee = statement.lines
    assert (transfer.number, transfer.booked_on, int(transfer.amount)) == (6, date(2026, 8, 2), 150123)
    assert (transfer.text, transfer.reference) == ("TRSF BUDI FR5K-00 042 SUPPLEMENT", "20260802X")
    assert (fee.number, int(fee.amount), fee.text, fee.reference) == (10, -15000, "BIAYA", "BIAYA")


def test_the_day_is_that_of_booking_over_new_year_too() -> None:
    text = _FILE.replace(":61:2608020802", ":61:2612310101").replace("C260801", "C261231")
    assert read_text(text).lines[0].booked_on == date(2027, 1, 1)
    assert read_text(_FILE.replace(":61:2608020802", ":61:260802")).lines[0].booked_on == date(2026, 8, 2)


@pytest.mark.parametrize(("mark", "amount"), [("C", 150123), ("RD", 150123), ("D", -150123), ("RC", -150123)])
def test_a_reversal_goes_the_other_way(mark: str, amount: int) -> None:
    text = _FILE.replace("0802C150123", f"0802{mark}150123").replace("1135123", str(985000 + amount))
    assert read_text(text).lines[0].amount == amount


def test_markers_of_structured_texts_are_left_out() -> None:
    text = _FILE.replace("TRSF BUDI FR5K-00\n042", "166?00TRANSFER?20FR5K-00?21042?32BUDI")
    assert read_text(text).lines[0].text == "166 TRANSFER FR5K-00 042 BUDI SUPPLEMENT"


def test_transactions_without_a_type_stay_two() -> None:
    text = _FILE.replace("NTRFNONREF//20260802X\nSUPPLEMENT", "").replace("NCHGBIAYA", "")
    assert [int(line.amount) for line in read_text(text).lines] == [150123, -15000]


@pytest.mark.parametrize("amount", ["150.123,00", "150,123.00", "1.50123,00", "150,123", "150,12,3", ","])
def test_an_amount_in_another_style_is_not_believed(amount: str) -> None:
    with pytest.raises((UnreadableNumber, UnreadableMt940)) as refused:
        read_text(_FILE.replace("150123,00N", f"{amount}N"))
    assert refused.value.extra["line"] == 6


@pytest.mark.parametrize("balance", ["1.000.000,00", "1000000.00", "", "1000000,001"])
def test_a_balance_in_another_style_is_not_believed(balance: str) -> None:
    text = _FILE.replace("IDR1000000,00", f"IDR{balance}")
    assert refusal_of(text, UnreadableNumber).extra["line"] == 5


def test_a_wrong_sum_names_the_closing_balance() -> None:
    refused = refusal_of(_FILE.replace("62F:C260803IDR1135123", "62F:C260803IDR1135124"), StatementDoesNotAddUp)
    assert refused.extra == {"line": 11, "expected": "1135123.00", "found": "1135124.00"}


@pytest.mark.parametrize(
    ("old", "new", "line"),
    [
        (":62F:C260803IDR1135123,00\n", "", 12),
        (":60F:C260801IDR1000000,00\n", "", 5),
        (":62F:C260803", ":62F:X260803", 11),
        (":61:2608030803D15000,NCHGBIAYA", ":61:hello", 10),
        ("IDR1135123,00\n:64", "1D_1135123,00\n:64", 11),
    ],
)
def test_what_is_cut_off_or_incomplete_is_refused_with_its_line(old: str, new: str, line: int) -> None:
    assert refusal_of(_FILE.replace(old, new), UnreadableMt940).extra["line"] == line


def test_a_day_that_does_not_exist_is_refused() -> None:
    assert refusal_of(_FILE.replace("2608020802", "2602300230"), UnreadableDate).extra["line"] == 6


def message(opening: int, amount: int, *, account: str = "0552372610", currency: str = "IDR", page: str = "F") -> str:
    return (
        f":20:X\n:25:{account}\n:60{page}:C260801{currency}{opening},\n:61:260802C{amount},NTRFNONREF\n"
        f":62{page}:C260802{currency}{opening + amount},\n-\n"
    )


def test_messages_of_one_account_that_follow_each_other_are_one_statement() -> None:
    statement = read_text(message(1000, 50, page="M") + message(1050, 70))
    assert ends(statement) == (1000, 1120)
    assert [int(line.amount) for line in statement.lines] == [50, 70]


def test_a_gap_between_messages_is_refused_where_the_next_begins() -> None:
    refused = refusal_of(message(1000, 50) + message(1051, 70), StatementDoesNotAddUp)
    assert refused.extra == {"line": 9, "expected": "1050.00", "found": "1051.00"}


@pytest.mark.parametrize("other", [{"account": "0559999999"}, {"currency": "USD"}])
def test_messages_of_another_account_or_currency_are_refused(other: dict[str, str]) -> None:
    refusal_of(message(1000, 50) + message(1050, 70, **other), SeveralAccounts)
