"""Names on BIBs, ages on race day, and the difference between two orders of jerseys."""

from datetime import date

import pytest
from registration.exports.rules import Jersey, JerseyCounts, age_on, first_and_last, name_on_bib


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(1990, 5, 17), date(2030, 5, 16), 39),
        (date(1990, 5, 17), date(2030, 5, 17), 40),
        (date(2000, 2, 29), date(2030, 2, 28), 29),
        (date(2000, 2, 29), date(2030, 3, 1), 30),
        (date(2030, 1, 1), date(2030, 1, 1), 0),
    ],
)
def test_a_runner_is_as_old_as_on_race_day(born: date, day: date, age: int) -> None:
    assert age_on(day, born) == age


@pytest.mark.parametrize(
    ("full_name", "shown"),
    [
        ("Budi", "BUDI"),
        ("Budi Santoso", "BUDI SANTOSO"),
        ("Raden Mas Tirto Adhi Soerjo", "RADEN MAS TIRTO ADHI"),
        ("Siti Nurhalizahkusumaningrum", "SITI"),
        ("Nurhalizahkusumaningrumsari Siti", "NURHALIZAHKUSUMANING"),
    ],
)
def test_a_bib_shows_the_words_of_a_name_that_fit(full_name: str, shown: str) -> None:
    assert name_on_bib(full_name) == shown
    assert len(shown) <= 20


def test_a_name_has_a_first_word_and_the_others() -> None:
    assert first_and_last("Budi Santoso Wijaya") == ("Budi", "Santoso Wijaya")
    assert first_and_last("Suharto") == ("Suharto", "")


def _jersey(size: str, gender: str = "male") -> str:
    return str(Jersey("10k", gender, size))


def test_each_change_is_in_the_row_of_its_jersey() -> None:
    counts = JerseyCounts()
    for now, before in [
        (_jersey("l"), _jersey("l")),
        (_jersey("l"), None),
        (None, _jersey("m")),
        (_jersey("s", "female"), _jersey("m")),
    ]:
        counts.count(now, before)
    assert list(counts.rows({"10k": "10K"}, compared=True)) == [
        ("10K", "female", "s", 1, 0, 0, 1, 0, 1),
        ("10K", "male", "m", 0, 0, 1, 0, 1, -2),
        ("10K", "male", "l", 2, 1, 0, 0, 0, 1),
    ]


def test_without_an_earlier_export_there_are_no_differences() -> None:
    counts = JerseyCounts()
    counts.count(_jersey("xxxl"), None)
    counts.count(_jersey("xs"), None)
    rows = list(counts.rows({"10k": "10K"}, compared=False))
    assert rows == [("10K", "male", "xs", 1, *[None] * 5), ("10K", "male", "xxxl", 1, *[None] * 5)]
