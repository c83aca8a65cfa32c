"""Files that are made to be slow, and lines of days that are still to come."""

import asyncio
import threading
import time
from datetime import date, timedelta

import pytest
from payment.gateway_reports.errors import UnknownReportFormat
from payment.gateway_reports.reading import read_report
from payment.statements import cells
from payment.statements.cells import MOST_DELIMITERS, rows_of
from payment.statements.errors import DayToCome, MisplacedCells, TooManyLines, UnknownStatementFormat
from payment.statements.reading import mapping_of, read, sample
from payment.statements.uploads import read_in_turn

from .payment_driver import PaymentDriver
from .statement_driver import Bank
from .statements.rendering import bca, camt053

COMMAS = b"," * 4_900_000
_SECONDS = 2.0
"""For a file that is read in four ways."""


def test_a_file_of_delimiters_is_refused_without_being_split() -> None:
    began = time.monotonic()
    for data in (COMMAS, COMMAS.replace(b",", b";"), b"a" + COMMAS.replace(b",", b"\t"), b'"\n",' * 1_200_000):
        with pytest.raises(UnknownStatementFormat):
            read(data)
        assert mapping_of(data, []) is None
        assert sample(data) is None
        with pytest.raises(UnknownReportFormat):
            read_report(data)
    assert time.monotonic() - began < 4 * _SECONDS


def test_a_row_has_at_most_so_many_delimiters() -> None:
    row = "," * MOST_DELIMITERS
    assert [len(each.cells) for each in rows_of(f"{row}\n{row}\n", ",")] == [MOST_DELIMITERS + 1] * 2
    with pytest.raises(MisplacedCells) as refused:
        list(rows_of(f"a,b\n{row},\n", ","))
    assert refused.value.extra["line"] == 2


def test_a_row_that_goes_on_over_many_lines_is_one_row() -> None:
    with pytest.raises(MisplacedCells):
        list(rows_of('a,"\n",' * MOST_DELIMITERS, ","))


def test_a_file_has_at_most_so_many_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cells, "MOST_ROWS", 3)
    assert len(list(rows_of("\n\n\n", ","))) == 3
    with pytest.raises(TooManyLines):
        list(rows_of("\n\n\n\n", ","))


async def test_files_are_read_two_at_a_time_and_others_wait() -> None:
    together: list[int] = []
    lock, busy = threading.Lock(), 0

    def reading(number: int) -> int:
        nonlocal busy
        with lock:
            busy += 1
            together.append(busy)
        time.sleep(0.05)
        with lock:
            busy -= 1
        return number

    assert await asyncio.gather(*(read_in_turn(reading, number) for number in range(6))) == list(range(6))
    assert max(together) == 2


@pytest.mark.parametrize("days", [0, 1])
async def test_lines_up_to_tomorrow_are_imported(driver: PaymentDriver, days: int) -> None:
    bank = Bank(driver)
    bank.receives("SETORAN", on=bank.today + timedelta(days=days))
    assert (await bank.upload())["lines"] == 1


async def test_a_line_later_than_tomorrow_is_refused_by_its_number(driver: PaymentDriver) -> None:
    # given
    bank = Bank(driver)
    bank.receives("SETORAN")
    later = bank.today + timedelta(days=2)
    bank.receives("SETORAN LAGI", on=later)
    # when
    refused = await bank.try_upload(bca(bank.sheet()))
    # then
    assert refused.is_problem(422, "day_to_come")
    assert (refused.body["line"], refused.body["day"]) == (8, later.isoformat())
    assert await driver.rows("SELECT 1 FROM statements") == []


def test_an_entry_of_camt053_is_named_by_its_number() -> None:
    bank = Bank.__new__(Bank)
    bank._movements = []  # there is no service that could tell the day
    bank.receives("SETORAN", on=date(2026, 8, 3))
    with pytest.raises(DayToCome) as refused:
        read(camt053(bank.sheet()).encode(), latest=date(2026, 8, 2))
    assert refused.value.extra["line"] == 1
