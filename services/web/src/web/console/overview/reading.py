"""Reading of what the first page shows: all APIs at once, as far as the role may ask them."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final
from zoneinfo import ZoneInfo

from chassis.auth.principals import Role
from chassis.clock import Clock

from web.console.access import ADMIN, FINANCE
from web.console.apis import StaffApi, given_up_at
from web.console.catalog import Race, all_races, race_of
from web.console.overview.answers import (
    Conflicts,
    GatewayAccount,
    Handouts,
    MessageStats,
    Packs,
    PaymentStats,
    Queues,
    Reconciliations,
    Stats,
    Timeline,
)
from web.console.overview.days import midnight
from web.console.overview.needs import NeedsRead
from web.console.overview.remembered import NOT_ASKED, LastAnswers, Part
from web.console.overview.spans import ALL_DAYS, MONTH_OF_DAYS
from web.console.services import NAMES
from web.console.surplus.models import MOST_COUNTED, KeptMoney
from web.upstream.client import AnswerT

_REGISTRATION: Final = "registration"
_COUNTED: Final = 50
_OPEN_MONEY: Final = MappingProxyType({"state": "open", "limit": str(MOST_COUNTED)})
_MONEY_DUE: Final = MappingProxyType({**_OPEN_MONEY, "state": "refund_due"})
_LAST_RUN: Final = MappingProxyType({"limit": "1"})
_OPEN_CONFLICTS: Final = MappingProxyType({"state": "open", "limit": str(_COUNTED)})


@dataclass(frozen=True)
class OfRace:
    """What the APIs answered about one race.

    Attributes:
        hours: those of today and yesterday.
        days: the last 30, or those since two years if they were asked for.
        payment: money by method.
    """

    races: Part[Sequence[Race]]
    race: Race | None = None
    stats: Part[Stats] = NOT_ASKED
    hours: Part[Timeline] = NOT_ASKED
    days: Part[Timeline] = NOT_ASKED
    packs: Part[Packs] = NOT_ASKED
    cancelled_packs: Part[Handouts] = NOT_ASKED
    payment: Part[PaymentStats] = NOT_ASKED


@dataclass(frozen=True)
class Asked:
    """What a request is about.

    Attributes:
        race: its slug; None for the next one.
        all_days: whether the days since two years are read.
    """

    race: str | None
    all_days: bool = False


@dataclass(frozen=True)
class Reader:
    """Reads the parts of the page for a member of staff.

    Attributes:
        until: when the parts of registration are given up, in the event loop's time: one moment for the catalog and for
            those that are asked after it, so that they do not add up while registration hangs.
    """

    apis: Mapping[str, StaffApi]
    last: LastAnswers
    clock: Clock
    role: Role
    until: float = field(default_factory=given_up_at)

    async def read(self, asked: Asked) -> tuple[OfRace, NeedsRead]:
        """Return what is known about the race and about what needs staff.

        What depends on the race is asked as soon as the catalog has answered, all else at once with the catalog.

        Raises:
            Refused: 401.
        """
        of_race, (payment, kept, kept_due, runs), account, messages, queues, conflicts = await asyncio.gather(
            self._of_race(asked),
            self._money(),
            self._ask("payment", GatewayAccount, "/settings/midtrans", allowed=self._is_admin),
            self._ask("notification", MessageStats, "/stats"),
            self._queues(),
            self._ask("checkin", Conflicts, "/conflicts", _OPEN_CONFLICTS, allowed=self._is_admin),
        )
        packs = of_race.cancelled_packs
        return of_race, NeedsRead(payment, kept, kept_due, runs, account, messages, queues, conflicts, packs)

    async def _money(self) -> tuple[Part[PaymentStats], Part[KeptMoney], Part[KeptMoney], Part[Reconciliations]]:
        return await asyncio.gather(
            self._ask("payment", PaymentStats, "/stats"),
            self._ask("payment", KeptMoney, "/surplus", _OPEN_MONEY, allowed=self._sees_money),
            self._ask("payment", KeptMoney, "/surplus", _MONEY_DUE, allowed=self._sees_money),
            self._ask("payment", Reconciliations, "/reconciliation/runs", _LAST_RUN, allowed=self._sees_money),
        )

    async def _queues(self) -> Sequence[Part[Queues]]:
        return await asyncio.gather(*(self._ask(name, Queues, "/queues", allowed=self._is_admin) for name in NAMES))

    async def _of_race(self, asked: Asked) -> OfRace:
        races = await self.last.get("catalog", all_races(self._api(_REGISTRATION)))
        race = race_of(races.value or (), asked.race)
        return OfRace(races) if race is None else await self._about(races, race, asked)

    async def _about(self, races: Part[Sequence[Race]], race: Race, asked: Asked) -> OfRace:
        now, zone, of_race = self.clock(), ZoneInfo(race.timezone), {"event_id": str(race.id)}
        two_days = {"interval": "hour", "from": midnight(now, zone, days_ago=1).isoformat()}
        first_day = midnight(now, zone, days_ago=(ALL_DAYS if asked.all_days else MONTH_OF_DAYS) - 1)
        days = {"interval": "day", "from": first_day.isoformat()}
        some = {"state": "cancelled", "limit": str(_COUNTED)}
        found = await asyncio.gather(
            self._ask(_REGISTRATION, Stats, "/stats", of_race),
            self._ask(_REGISTRATION, Timeline, "/stats/timeline", {**of_race, **two_days}),
            self._ask(_REGISTRATION, Timeline, "/stats/timeline", {**of_race, **days}),
            self._ask("checkin", Packs, "/stats", of_race),
            self._ask("checkin", Handouts, "/checkins", {**of_race, **some}, allowed=self._is_admin),
            self._ask("payment", PaymentStats, "/stats", of_race),
        )
        return OfRace(races, race, *found)

    async def _ask(
        self,
        name: str,
        kind: type[AnswerT],
        path: str,
        query: Mapping[str, str] = MappingProxyType({}),
        *,
        allowed: bool = True,
    ) -> Part[AnswerT]:
        if not allowed:
            return NOT_ASKED
        return await self.last.get((name, path, *query.items()), self._api(name).get(kind, path, **query))

    def _api(self, name: str) -> StaffApi:
        api = self.apis[name]
        return api.until(self.until) if name == _REGISTRATION else api.briefly

    @property
    def _sees_money(self) -> bool:
        return FINANCE.admits(self.role)

    @property
    def _is_admin(self) -> bool:
        return ADMIN.admits(self.role)
