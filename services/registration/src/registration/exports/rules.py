"""Kinds and states of exports, and what vendors get of a name and a date of birth."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from enum import StrEnum
from typing import Final, NamedTuple

from contracts import JerseySize


class Kind(StrEnum):
    """What a file contains. All but `participants` are for vendors and contain confirmed participants only."""

    PARTICIPANTS = "participants"
    JERSEYS = "jerseys"
    BIBS = "bibs"
    TIMING = "timing"
    INSURANCE = "insurance"


class FileFormat(StrEnum):
    """Format of a file."""

    CSV = "csv"
    XLSX = "xlsx"


class Delivery(StrEnum):
    """How a file gets to its reader: in the response, or stored by the worker and fetched later."""

    DIRECT = "direct"
    FILE = "file"


class State(StrEnum):
    """State of an export."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


class Reason(StrEnum):
    """Why an export failed. All but `interrupted` and `gave_up` were tried several times."""

    INTERRUPTED = "interrupted"
    STORE_UNAVAILABLE = "store_unavailable"
    DATABASE_UNAVAILABLE = "database_unavailable"
    ERROR = "error"
    GAVE_UP = "gave_up"


VENDOR_KINDS: Final = (Kind.JERSEYS, Kind.BIBS, Kind.TIMING, Kind.INSURANCE)

SHEETS: Final[Mapping[Kind, str]] = {
    Kind.PARTICIPANTS: "Peserta",
    Kind.JERSEYS: "Jersey",
    Kind.BIBS: "BIB",
    Kind.TIMING: "Timing",
    Kind.INSURANCE: "Asuransi",
}
"""The name of the sheet in a workbook."""

CHOSEN_AT_MOST: Final = 10_000
"""How many registrations an export may name."""

CHOSEN_BYTES: Final = 512 * 1024
"""How long a request may be that names so many."""

JERSEYS_KEPT: Final = timedelta(days=400)
"""How long an export may be compared with; long enough for the order of the year before."""

_LONGEST_NAME_ON_BIB: Final = 20


def age_on(day: date, born: date) -> int:
    """Return the age in whole years on a day. Born on 29 February means a year older on 1 March of other years."""
    return day.year - born.year - ((day.month, day.day) < (born.month, born.day))


def name_on_bib(full_name: str) -> str:
    """Return as many whole words of a name as fit on a BIB, in capitals; a longer first word is cut."""
    first, *others = full_name.split()
    shown = first[:_LONGEST_NAME_ON_BIB]
    for word in others:
        if len(shown) + 1 + len(word) > _LONGEST_NAME_ON_BIB:
            break
        shown = f"{shown} {word}"
    return shown.upper()


def first_and_last(full_name: str) -> tuple[str, str]:
    """Return the first word of a name, and the others; the second text is empty for a single name."""
    first, _, last = full_name.partition(" ")
    return first, last


class Jersey(NamedTuple):
    """What a jersey is ordered by. `category_id` is a text, as it is stored."""

    category_id: str
    gender: str
    size: str

    @classmethod
    def parse(cls, text: str) -> "Jersey":
        """Return the jersey whose `str()` this is."""
        return cls(*text.split("/"))

    def __str__(self) -> str:
        """Return it as a text without spaces."""
        return "/".join(self)


_SIZES: Final = {size.value: place for place, size in enumerate(JerseySize)}


class JerseyCounts:
    """Numbers of jerseys: now, and by which changes they differ from an earlier export.

    A person who changed from one jersey to another counts in `changed_from` of the old and `changed_to` of the new.
    """

    def __init__(self) -> None:
        self._counts: dict[Jersey, list[int]] = {}

    def count(self, now: str | None, before: str | None) -> None:
        """Count a person by the jersey now and in the earlier export; None where the person is not in it."""
        if now is not None:
            self._of(now)[0] += 1
        if now == before:
            return
        if now is not None:
            self._of(now)[1 if before is None else 3] += 1
        if before is not None:
            self._of(before)[2 if now is None else 4] += 1

    def _of(self, text: str) -> list[int]:
        return self._counts.setdefault(Jersey.parse(text), [0, 0, 0, 0, 0])

    def rows(self, categories: Mapping[str, str], *, compared: bool) -> Iterator[tuple[str | int | None, ...]]:
        """Yield category, gender, size, count, added, removed, changed_to, changed_from and difference, in order.

        Args:
            categories: names by id.
            compared: whether there is an earlier export; otherwise the columns of differences are None.
        """
        for jersey in _ordered(self._counts, categories):
            count, added, removed, changed_to, changed_from = self._counts[jersey]
            difference = added - removed + changed_to - changed_from
            changes = (added, removed, changed_to, changed_from, difference) if compared else (None,) * 5
            yield categories[jersey.category_id], jersey.gender, jersey.size, count, *changes


def _ordered(jerseys: Iterable[Jersey], categories: Mapping[str, str]) -> list[Jersey]:
    """Return the jerseys by category, gender and size, the smallest first."""
    return sorted(
        jerseys, key=lambda each: (categories[each.category_id], each.category_id, each.gender, _SIZES[each.size])
    )
