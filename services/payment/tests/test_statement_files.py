"""Files as banks and people make them, uploaded one after the other: what is added, and what is refused by name."""

import codecs
from decimal import Decimal

import pytest
from payment.statements import importing

from .payment_driver import PaymentDriver
from .statement_driver import Bank
from .statements.rendering import bca, bni


@pytest.fixture
def bank(driver: PaymentDriver) -> Bank:
    return Bank(driver)


async def test_a_file_saved_again_in_another_encoding_adds_nothing(driver: PaymentDriver, bank: Bank) -> None:
    # given
    entry = await driver.register()
    bank.receives(f"CAFÉ LARI {entry.number}")
    text = bca(bank.sheet())
    first = await bank.upload(text)
    assert (first["matched"], first["repeated"]) == (1, 0)
    # when
    for data in (
        codecs.BOM_UTF8 + text.encode(),
        text.encode("utf-16"),
        text.encode("utf-16-be"),
        text.encode("cp1252"),
        text.replace("\n", "\r\n").encode(),
    ):
        again = await bank.upload(data)
        assert (again["repeated"], again["repeated_file"], again["matched"]) == (1, False, 0)
    # then
    [line] = await bank.lines(first)
    assert line["text"] == f"CAFÉ LARI {entry.number}"
    assert await bank.states() == ["open"]


async def test_a_line_that_was_pending_is_added_when_it_is_booked(driver: PaymentDriver, bank: Bank) -> None:
    # given
    bank.receives("TRSF BUDI")
    bank.receives_for(await driver.register())
    booked = bca(bank.sheet())
    row = booked.splitlines()[7]
    day = f'"{bank.today:%d/%m/%Y}"'
    pending = booked.replace(row, row.replace(day, '"PEND"'))
    # when
    first = await bank.upload(pending)
    later = await bank.upload(booked)
    # then
    assert (first["lines"], first["matched"], first["unknown"] + first["proposed"]) == (1, 0, 1)
    assert (later["lines"], later["matched"], later["repeated"]) == (2, 1, 1)


async def test_many_equal_transfers_of_one_day_in_files_that_overlap_stay_as_many_as_they_are(bank: Bank) -> None:
    for _ in range(3):
        bank.receives("TRSF BUDI")
    await bank.upload(bni(bank.sheet()))
    for _ in range(2):
        bank.receives("TRSF BUDI")
    later = await bank.upload(bni(bank.sheet()))
    assert (later["lines"], later["repeated"]) == (5, 3)
    assert len(await bank.states()) == 5


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("{day},{day},0259,TRF,.00,100.00", "misplaced_cells"),
        ("{day},{day},0259,3,TRF,.00,,100.00", "misplaced_cells"),
        ("{day},{day},,0259,3,TRF,.00,100.00", "misplaced_cells"),
        ("0259,{day},3,TRF,,.00,100.00", "unreadable_date"),
        ("{day},{day},0259,3,TRF,.00,1OO.00", "unreadable_number"),
        ('{day},{day},0259,3,TRF,.00,"1.000,00"', "mixed_decimal_marks"),
    ],
)
async def test_a_row_whose_cells_are_merged_or_shifted_refuses_the_whole_file_with_its_line(
    bank: Bank, row: str, code: str
) -> None:
    bank.receives("TRSF A")
    bank.receives("TRSF B")
    file = f"{bni(bank.sheet())}{row.format(day=f'{bank.today:%d/%m/%y}')}\n"
    answer = await bank.try_upload(file)
    assert answer.is_problem(422, code)
    assert answer.body["line"] == 4
    assert "line 4" in answer.body["detail"]
    assert await bank.states() == []
    assert await bank.driver.rows("SELECT id FROM statements") == []


async def test_a_file_that_is_refused_can_be_sent_again_when_it_is_right(bank: Bank) -> None:
    bank.receives("TRSF A")
    bank.receives("TRSF B")
    wrong = bca(bank.sheet().without_row(0))
    assert (await bank.try_upload(wrong)).is_problem(422, "statement_does_not_add_up")
    assert (await bank.upload())["repeated"] == 0
    assert len(await bank.states()) == 2


async def test_a_long_statement_is_stored_in_portions(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_AT_ONCE", 7)
    for number in range(20):
        bank.receives(f"TRSF {number}", Decimal(1000 + number))
    imported = await bank.upload()
    assert [line["text"] for line in await bank.lines(imported, limit=50)] == [f"TRSF {n}" for n in range(20)]
