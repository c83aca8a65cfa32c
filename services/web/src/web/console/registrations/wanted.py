"""Which registrations an address asks for: of which race, with which filters, in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Self
from zoneinfo import ZoneInfo

from chassis.wording import Language, Wording
from starlette.datastructures import QueryParams

from web.console.catalog import Race
from web.console.lists import CURSOR, ListState
from web.console.registrations.columns import COLUMNS
from web.forms import FieldError, Form
from web.upstream.registration import Category

STATUSES: Final = ("pending_payment", "payment_uploaded", "payment_verified", "expired", "cancelled")
TYPES: Final = ("individual", "collective_5", "collective_10")
SORTS: Final = ("created_at", "-created_at", "amount", "-amount", "name", "-name")
NEWEST: Final = "-created_at"
FILTERS: Final = ("q", "status", "category", "type", "promo_code", "first_day", "last_day")

_DAYS: Final = ("first_day", "last_day")
_LONGEST: Final = {"q": 100, CURSOR: 1000}
_NO_DAY: Final = Wording(en="Write a day such as 2027-08-17.", id="Tulis tanggal seperti 2027-08-17.")


@dataclass(frozen=True)
class Wanted:
    """The registrations of a race that an address asks for.

    Attributes:
        state: of the list. Of unknown statuses, types, categories and orders it has none.
        days: begin of the first day and end of the last day of registration, as far as they are set.
        errors: of the days.
    """

    race: Race
    state: ListState
    days: Mapping[str, datetime] = field(default_factory=dict)
    errors: Sequence[FieldError] = ()

    @classmethod
    def of(cls, asked: QueryParams, race: Race, language: Language = Language.INDONESIAN) -> Self:
        """Return what a query string asks for."""
        given = {name: asked.get(name, "").strip()[: _LONGEST.get(name, 50)] for name in (*FILTERS, "sort", CURSOR)}
        known = {"status": STATUSES, "type": TYPES, "category": [each.slug for each in race.categories]}
        filters = {name: given[name] for name in FILTERS if given[name] in known.get(name, [given[name]])}
        kept = {"race": race.slug, **filters, "columns": COLUMNS.chosen(asked.getlist("columns"))}
        state = ListState(
            {name: value for name, value in kept.items() if value},
            given["sort"] if given["sort"] in SORTS else "",
            given[CURSOR] or None,
        )
        days, wrong = _days(filters, ZoneInfo(race.timezone))
        return cls(race, state, days, [FieldError(name, _NO_DAY.said(language)) for name in wrong])

    def has_dropped(self, asked: QueryParams) -> bool:
        """Return whether the address names a status, type or category that there is not: fewer filters match more."""
        return any(asked.get(name, "").strip() and not self.state.value(name) for name in FILTERS)

    @property
    def form(self) -> Form:
        """Return the form of the filters."""
        return Form(self.state.filters, self.errors)

    @property
    def sorted_state(self) -> ListState:
        """Return the state with the usual order named, for the heads of the table."""
        return replace(self.state, sort=self.state.sort or NEWEST)

    @property
    def category(self) -> Category | None:
        """Return the category that is filtered by; None for all."""
        slug = self.state.value("category")
        return next((each for each in self.race.categories if each.slug == slug), None)

    @property
    def is_counted(self) -> bool:
        """Return whether the kept counts tell how many match: not with a search, a type, a promo code or days."""
        return not any(self.state.value(name) for name in ("q", "type", "promo_code", *_DAYS))

    @property
    def set_filters(self) -> Sequence[tuple[str, str]]:
        """Return the filters that are set, with their values."""
        return [(name, self.state.value(name)) for name in FILTERS if self.state.value(name)]

    @property
    def view(self) -> str:
        """Return the query string that a saved view of this state has."""
        return self.state.query(race="")

    @property
    def kept(self) -> Mapping[str, str]:
        """Return the parameters of the list that another race keeps."""
        return {
            **{name: value for name, value in self.state.filters.items() if name != "race"},
            "sort": self.state.sort,
        }

    @property
    def unfiltered(self) -> str:
        """Return the query string of the list without filters."""
        return self.state.query(**dict.fromkeys(FILTERS, ""))

    def day(self, name: str) -> date:
        """Return a day that is filtered by."""
        return date.fromisoformat(self.state.value(name))

    def asked(self, *, until: datetime | None = None) -> Mapping[str, Any]:
        """Return the filters as registration's API knows them.

        Args:
            until: leaves out what was registered since.
        """
        ends = [each for each in (self.days.get("last_day"), until) if each is not None]
        begin, category = self.days.get("first_day"), self.category
        return {
            "event_id": str(self.race.id),
            "category_id": str(category.id) if category else None,
            **{name: self.state.value(name) or None for name in ("q", "status", "type", "promo_code")},
            "from": begin.isoformat() if begin else None,
            "to": min(ends).isoformat() if ends else None,
        }


def _days(filters: Mapping[str, str], zone: ZoneInfo) -> tuple[Mapping[str, datetime], Sequence[str]]:
    """Return the begin of the first day and the end of the last one, and the filters that are no days."""
    found, wrong = {}, []
    for name in _DAYS:
        try:
            if filters.get(name):
                begin = datetime.combine(date.fromisoformat(filters[name]), time(), zone)
                found[name] = begin + timedelta(days=name == "last_day")
        except (ValueError, OverflowError):
            wrong.append(name)
    return found, wrong
