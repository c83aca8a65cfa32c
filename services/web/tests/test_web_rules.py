"""How a category stands, and how money and times are written."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from chassis.wording import Language
from web import formats
from web.languages import address, language_of_path, without_language
from web.site.rules import Availability, Times, availability, taken_percent

NOW = datetime(2027, 1, 4, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ALWAYS = Times(None, None)


@pytest.mark.parametrize(
    ("times", "left", "over", "expected"),
    [
        (ALWAYS, 500, False, Availability.OPEN),
        (ALWAYS, 51, False, Availability.OPEN),
        (ALWAYS, 50, False, Availability.FEW_LEFT),
        (ALWAYS, 0, False, Availability.SOLD_OUT),
        (ALWAYS, 500, True, Availability.CLOSED),
        (Times(NOW, None), 500, False, Availability.OPEN),
        (Times(NOW + SECOND, None), 0, False, Availability.NOT_OPEN),
        (Times(None, NOW), 500, False, Availability.CLOSED),
        (Times(None, NOW + SECOND), 500, False, Availability.OPEN),
    ],
)
def test_a_category_stands_by_time_and_places(
    times: Times,
    left: int,
    over: bool,
    expected: Availability,  # a column of the table
) -> None:
    assert availability(times, quota=500, places_left=left, race_is_over=over, now=NOW) is expected


@pytest.mark.parametrize(("quota", "left", "percent"), [(500, 500, 0), (500, 1, 99), (500, 0, 100), (3, 1, 66)])
def test_only_a_full_category_looks_full(quota: int, left: int, percent: int) -> None:
    assert taken_percent(quota, left) == percent


@pytest.mark.parametrize(
    ("amount", "written"),
    [
        ("0.00", "Rp\u00a00"),
        ("150000.00", "Rp\u00a0150.000"),
        ("1300042", "Rp\u00a01.300.042"),
        ("-15000.00", "\u2212Rp\u00a015.000"),
    ],
)
def test_rupiah_are_written_as_in_indonesia(amount: str, written: str) -> None:
    assert formats.rupiah(Decimal(amount)) == written


def test_dates_and_times_are_written_in_both_languages() -> None:
    at = datetime(2027, 8, 16, 22, 30, tzinfo=UTC)
    assert formats.moment(at, "Asia/Jakarta", Language.INDONESIAN) == "Selasa, 17 Agustus 2027 pukul 05.30 WIB"
    assert formats.moment(at, "Asia/Jakarta", Language.ENGLISH) == "Tuesday, 17 August 2027 at 05:30 WIB"
    assert formats.day(date(2027, 8, 17), Language.INDONESIAN) == "Selasa, 17 Agustus 2027"
    assert formats.whole_number(1234, Language.INDONESIAN) == "1.234"
    assert formats.whole_number(1234, Language.ENGLISH) == "1,234"


@pytest.mark.parametrize(("path", "language"), [("/", "id"), ("/en", "en"), ("/en/races/x", "en"), ("/english", "id")])
def test_the_language_is_part_of_the_path(path: str, language: str) -> None:
    found = language_of_path(path)
    assert found == language
    assert language_of_path(address(without_language(path), found)) is found


@pytest.mark.parametrize(
    ("amount", "parts"),
    [(Decimal(1_299_919), ("1.299.", "919")), (Decimal(150_007), ("150.", "007")), (Decimal(877), ("", "877"))],
)
def test_the_code_of_a_transfer_is_its_last_three_digits(amount: Decimal, parts: tuple[str, str]) -> None:
    head, code = formats.with_code(amount)
    assert (head.removeprefix("Rp\N{NO-BREAK SPACE}"), code) == parts


@pytest.mark.parametrize(
    ("number", "shown"), [("8808123456789012", "8808 1234 5678 9012"), ("70012", "7001 2"), ("", "")]
)
def test_long_numbers_are_grouped(number: str, shown: str) -> None:
    assert formats.grouped(number) == shown


@pytest.mark.parametrize(
    ("moment", "zone"),
    [
        (datetime(9999, 12, 31, 23, 59, tzinfo=UTC), "Asia/Jakarta"),
        (datetime(1, 1, 1, tzinfo=UTC), "America/New_York"),
    ],
)
def test_a_time_at_the_end_of_the_calendar_can_be_written(moment: datetime, zone: str) -> None:
    assert formats.moment(moment, zone, Language.ENGLISH)
    assert formats.in_zone(moment, zone) == moment
