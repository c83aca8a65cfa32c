"""What is looked at before a race is published."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from zoneinfo import ZoneInfo

from web.console.apis import StaffApi
from web.console.races.upstream import Category, Race
from web.upstream.client import Answer


class Result(StrEnum):
    """How a check came out."""

    OK = "ok"
    LOOK = "look"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: under which templates have its words.
        about: names of the categories that did not pass.
        path: below the race, of the page that mends it; None for none.
    """

    name: str
    result: Result
    about: Sequence[str] = ()
    path: str | None = None


class WaysToPay(Answer):
    """What runners can pay with."""

    bank_name: str | None
    account_number: str | None
    qris_image: str | None

    @property
    def is_any(self) -> bool:
        """Return whether there is one."""
        return bool(self.account_number or self.qris_image)


async def ways_to_pay(payment: StaffApi) -> WaysToPay:
    """Return what runners can pay with.

    Raises:
        Refused, Unavailable: see `ApiClient.call`.
    """
    return await payment.get(WaysToPay, "/instructions")


def checks_of(race: Race, ways: WaysToPay | None, now: datetime) -> Sequence[Check]:
    """Return what was looked at of a race.

    Args:
        ways: None if payment is away.
    """
    offered = [each for each in race.categories if each.is_active]
    return [
        _of(race.event_date > now.astimezone(ZoneInfo(race.timezone)).date(), "date", path=_EDIT),
        _of(bool(offered), "categories", path="/categories/new"),
        *(_of_categories(offered, now) if offered else ()),
        _ways(offered, ways),
        _of(race.banner is not None, "banner", or_else=Result.LOOK, path="/pictures/banner"),
        _of(bool(race.contact_whatsapp), "contact", or_else=Result.LOOK, path=_EDIT),
        _of(bool(race.description), "description", or_else=Result.LOOK, path=_EDIT),
    ]


_EDIT: Final = "/edit"


def _of_categories(offered: Sequence[Category], now: datetime) -> Iterator[Check]:
    free = [each.name for each in offered if not each.price_individual]
    yield _of(not free, "prices", or_else=Result.LOOK, about=free)
    unset = [each.name for each in offered if each.registration_open_at is None]
    yield _of(not unset, "opening", or_else=Result.LOOK, about=unset)
    closed = [each.name for each in offered if each.registration_close_at and each.registration_close_at <= now]
    yield _of(not closed, "closing", about=closed)


def _ways(offered: Sequence[Category], ways: WaysToPay | None) -> Check:
    if not any(each.price_individual for each in offered):
        return Check("ways", Result.OK)
    if ways is None:
        return Check("ways", Result.UNKNOWN)
    return _of(ways.is_any, "ways")


def _of(
    is_met: bool,
    name: str,
    *,
    or_else: Result = Result.MISSING,
    about: Sequence[str] = (),
    path: str | None = None,
) -> Check:
    return Check(name, Result.OK) if is_met else Check(name, or_else, about, path)
