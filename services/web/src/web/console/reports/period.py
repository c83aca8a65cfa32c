"""The days that a report is about, as typed into its form."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from chassis.wording import Language, Wording
from fastapi import Query

from web.forms import FieldError

_NO_DAY: Final = Wording(en="Write a day such as 2027-08-17.", id="Tulis tanggal seperti 2027-08-17.")
_BACKWARDS: Final = Wording(en="The last day is before the first.", id="Hari terakhir mendahului hari pertama.")

_Day = Annotated[str, Query(max_length=10)]


@dataclass(frozen=True)
class Period:
    """Days from the first to the last, both included. Empty ones are open."""

    first_day: _Day = ""
    last_day: _Day = ""

    def errors(self, language: Language) -> Sequence[FieldError]:
        """Return what is wrong with the days."""
        days = {name: _day(getattr(self, name)) for name in ("first_day", "last_day")}
        wrong = [FieldError(name, _NO_DAY.said(language)) for name in days if getattr(self, name) and not days[name]]
        first, last = days["first_day"], days["last_day"]
        if first and last and last < first:
            wrong.append(FieldError("last_day", _BACKWARDS.said(language)))
        return wrong

    @property
    def first(self) -> date | None:
        """Return the first day; None if it is open."""
        return _day(self.first_day)

    @property
    def last(self) -> date | None:
        """Return the last day; None if it is open."""
        return _day(self.last_day)

    def moments(self, zone: ZoneInfo) -> tuple[datetime | None, datetime | None]:
        """Return when the first day begins and when the last one is over; None for those that are open."""
        first, last = self.first, self.last
        end = last + timedelta(days=1) if last and last < date.max else last
        begins, ends = (
            datetime(each.year, each.month, each.day, tzinfo=zone) if each else None for each in (first, end)
        )
        return begins, ends


def _midnight(day: date | None, zone: ZoneInfo) -> datetime | None:
    return datetime.combine(day, time(), zone) if day else None


def _day(typed: str) -> date | None:
    try:
        return date.fromisoformat(typed) if len(typed) == len("2027-08-17") else None
    except ValueError:
        return None
