"""The columns of another CSV, chosen once by a person."""

from decimal import Decimal
from typing import Any

import pytest
from chassis.errors import InvalidFields
from payment.statements.dates import DateOrder
from payment.statements.errors import ColumnsNotFound, MisplacedCells, StatementDoesNotAddUp
from payment.statements.mapping import ColumnMapping
from payment.statements.model import Format, Statement
from payment.statements.numbers import DecimalMark
from payment.statements.reading import mapping_of, read, sample

_FILE = """\
Bank Contoh
Waktu;Uraian;Catatan;Nominal;Saldo
2026-08-02 10:00;TRANSFER;FR5K-00042;150.123;250.123
2026-08-03 11:00;BIAYA;;-15.000;235.123
"""
_SIGNED = ColumnMapping(
    header=("Waktu", "Uraian", "Catatan", "Nominal", "Saldo"),
    date=0,
    text=(1, 2),
    amount=3,
    balance=4,
    usual_mark=DecimalMark.COMMA,
)


def read_text(text: str, mapping: ColumnMapping) -> Statement:
    return read(text.encode(), mapping, account="111")


def amounts(statement: Statement) -> list[int]:
    return [int(line.amount) for line in statement.lines]


def test_a_person_sees_the_first_rows_to_choose_from() -> None:
    seen = sample(_FILE.encode())
    assert seen is not None
    assert seen.header == ["Waktu", "Uraian", "Catatan", "Nominal", "Saldo"]
    assert seen.rows[0] == ["2026-08-02 10:00", "TRANSFER", "FR5K-00042", "150.123", "250.123"]
    assert len(seen.rows) == 2


def test_a_row_above_the_table_with_days_is_not_taken_for_a_movement() -> None:
    seen = sample(b"Periode,01/08/2026,31/08/2026\nTgl,Ket,Jml,\n02/08/2026,A,100.00,CR\n")
    assert seen is not None
    assert (seen.header, seen.rows) == (["Tgl", "Ket", "Jml", ""], [["02/08/2026", "A", "100.00", "CR"]])


@pytest.mark.parametrize("text", ["a,b\n1,2\n", "just a text\n", "<Document/>", ":20:X\n:25:1\n"])
def test_what_is_no_table_has_no_columns_to_choose(text: str) -> None:
    assert sample(text.encode()) is None


def test_a_table_without_a_header_shows_its_rows_only() -> None:
    seen = sample(b"02/08/2026;A;100.00\n03/08/2026;B;50.00\n")
    assert seen is not None
    assert (seen.header, len(seen.rows)) == ([], 2)


def test_of_several_chosen_headers_that_of_the_file_is_used() -> None:
    other = ColumnMapping(header=("Tgl", "Ket", "Jml"), date=0, text=(1,), amount=2)
    assert mapping_of(_FILE.encode(), [other, _SIGNED]) is _SIGNED
    assert mapping_of(_FILE.replace("Waktu;", "WAKTU.;").encode(), [other, _SIGNED]) is _SIGNED
    assert mapping_of(b"a,b,c\n1,2,3\n", [other, _SIGNED]) is None
    assert mapping_of(b":20:X\n:25:1\n:28C:1\n:60F:C260801IDR1,\n", [other]) is None


def test_a_file_is_read_with_the_chosen_columns() -> None:
    statement = read_text(_FILE, _SIGNED)
    assert (statement.format, statement.account) == (Format.MAPPED_CSV, "111")
    assert amounts(statement) == [150123, -15000]
    assert [line.text for line in statement.lines] == ["TRANSFER FR5K-00042", "BIAYA"]
    assert statement.closing == Decimal(235_123)


def test_chosen_columns_are_checked_like_those_of_a_known_bank() -> None:
    with pytest.raises(StatementDoesNotAddUp):
        read_text(_FILE.replace("235.123", "235.132"), _SIGNED)


def test_the_header_is_compared_without_case_and_punctuation() -> None:
    assert amounts(read_text(_FILE.replace("Waktu;Uraian", "WAKTU;Uraian."), _SIGNED)) == [150123, -15000]
    with pytest.raises(ColumnsNotFound):
        read_text(_FILE.replace("Uraian", "Keterangan"), _SIGNED)


def test_a_known_bank_is_read_although_other_columns_were_chosen() -> None:
    bni = "Post Date,Value Date,Branch,Journal No.,Description,Debit,Credit\n02/08/26,02/08/26,0259,1,TRF,.00,100.00\n"
    assert read_text(bni, _SIGNED).format == Format.BNI_CSV


def test_credits_and_debits_may_be_two_columns_or_only_credits() -> None:
    text = "Tgl,Ket,Masuk,Keluar\n02/08/2026,A,100.00,\n03/08/2026,B,,40.00\n"
    both = ColumnMapping(header=("Tgl", "Ket", "Masuk", "Keluar"), date=0, text=(1,), credit=2, debit=3)
    assert amounts(read_text(text, both)) == [100, -40]
    one = ColumnMapping(header=("Tgl", "Ket", "Masuk"), date=0, text=(1,), credit=2)
    assert amounts(read_text("Tgl,Ket,Masuk\n02/08/2026,A,100.00\n", one)) == [100]


def test_the_side_may_be_a_column() -> None:
    text = "Tgl,Ket,Jml,DK\n08/02/2026,A,100.00,K\n08/03/2026,B,40.00,D\n"
    mapping = ColumnMapping(
        header=("Tgl", "Ket", "Jml", "DK"), date=0, text=(1,), amount=2, side=3, date_order=DateOrder.MONTH_FIRST
    )
    assert amounts(read_text(text, mapping)) == [100, -40]
    with pytest.raises(MisplacedCells):
        read_text(text.replace("40.00,D", "40.00,"), mapping)


def test_an_opening_balance_may_be_a_row_of_the_table() -> None:
    text = "Tgl,Ket,Jml,Saldo\n01/08/2026,SALDO AWAL,,1000.00\n02/08/2026,A,100.00,1100.00\n"
    mapping = ColumnMapping(header=("Tgl", "Ket", "Jml", "Saldo"), date=0, text=(1,), amount=2, balance=3)
    statement = read_text(text, mapping)
    assert (statement.opening, amounts(statement)) == (Decimal(1000), [100])
    with pytest.raises(StatementDoesNotAddUp):
        read_text(text.replace("1000.00", "1001.00"), mapping)


def test_a_file_may_have_no_header() -> None:
    mapping = ColumnMapping(header=(), date=0, text=(1,), amount=2)
    assert amounts(read_text("Mutasi\n02/08/2026;A;100.00\n03/08/2026;B;-40.00\n", mapping)) == [100, -40]
    with pytest.raises(ColumnsNotFound):
        read_text("Mutasi\nA;B;C\n", mapping)


def test_without_a_header_only_titles_before_the_first_line_are_left_out() -> None:
    mapping = ColumnMapping(header=(), date=0, text=(1,), amount=2)
    with pytest.raises(MisplacedCells) as refused:
        read_text("02/08/2026;A;100.00\n02/08/2026;B\n", mapping)
    assert refused.value.extra["line"] == 2


@pytest.mark.parametrize(
    ("choice", "field"),
    [
        ({"amount": None}, "amount"),
        ({"credit": 4}, "amount"),
        ({"debit": 4, "amount": None}, "amount"),
        ({"text": ()}, "text"),
        ({"amount": 0}, "date"),
        ({"amount": 9}, "header"),
        ({"amount": -1}, "header"),
        ({"amount": None, "credit": 3, "side": 4}, "side"),
    ],
)
def test_a_choice_that_contradicts_itself_is_refused_by_field(choice: dict[str, Any], field: str) -> None:
    columns: dict[str, Any] = {"header": ("a", "b", "c", "d", "e"), "date": 0, "text": (1, 2), "amount": 3}
    with pytest.raises(InvalidFields) as refused:
        ColumnMapping(**(columns | choice))
    assert [name for name, _ in refused.value.fields] == [field]
