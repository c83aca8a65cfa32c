"""Counts of participants by category and by what the organiser orders or plans for."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final
from uuid import UUID

from contracts import RegistrationType

from registration.reports.rules import AGE_GROUPS, age_group

VALUES: Final[Mapping[str, Sequence[str]]] = {
    "registration_type": [kind.value for kind in RegistrationType],
    "gender": ["female", "male"],
    "age_group": AGE_GROUPS,
    "jersey_size": ["xs", "s", "m", "l", "xl", "xxl", "xxxl"],
}
"""What is counted by, each with all its values."""

COLUMN_NAMES: Final = ("category", "counted_by", "value", "participants", "confirmed")


class Breakdown:
    """How many participants there are by each value, and how many of them are confirmed."""

    def __init__(self) -> None:
        self._participants: Counter[tuple[str, str]] = Counter()
        self._confirmed: Counter[tuple[str, str]] = Counter()

    def add(self, dimension: str, value: str, participants: int, confirmed: int) -> None:
        """Count so many participants with this value."""
        self._participants[dimension, value] += participants
        self._confirmed[dimension, value] += confirmed

    def view(self) -> dict[str, Any]:
        """Return the totals, and for each dimension all its values with their counts."""
        return {
            "participants": sum(self._participants["gender", value] for value in VALUES["gender"]),
            "confirmed": sum(self._confirmed["gender", value] for value in VALUES["gender"]),
            **{dimension: [self._count(dimension, value) for value in values] for dimension, values in VALUES.items()},
        }

    def _count(self, dimension: str, value: str) -> dict[str, Any]:
        key = dimension, value
        return {"value": value, "participants": self._participants[key], "confirmed": self._confirmed[key]}

    def rows(self, category: str) -> Iterator[Sequence[Any]]:
        """Yield one row per value, for spreadsheets."""
        for dimension, values in VALUES.items():
            for value in values:
                key = dimension, value
                yield category, dimension, value, self._participants[key], self._confirmed[key]


def break_down(
    rows: Iterable[Any], categories: Iterable[UUID], *, race_year: int
) -> tuple[dict[UUID, Breakdown], Breakdown]:
    """Return the counts of each category and of all together.

    Args:
        rows: as `queries.people` returns them.
        race_year: the year in which ages are reached.
    """
    by_category, total = {category_id: Breakdown() for category_id in categories}, Breakdown()
    for row in rows:
        dimension, value = _value(row, race_year)
        for each in (by_category[row.category_id], total):
            each.add(dimension, value, int(row.participants), int(row.confirmed))
    return by_category, total


def _value(row: Any, race_year: int) -> tuple[str, str]:
    """Return what the row counts by, and the value."""
    if row.birth_year is not None:
        return "age_group", age_group(row.birth_year, race_year)
    found = {name: getattr(row, name) for name in ("registration_type", "gender", "jersey_size")}
    return next((name, value) for name, value in found.items() if value is not None)
