"""The breaking round: a sell-out and steady traffic while everything is broken in turn; then nothing may be missing."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

from standalone.journey.client import Site, StaffMember
from standalone.journey.ledger import Comparison, Outcome
from standalone.journey.race import open_race
from standalone.journey.story import FAST_SENDING
from testkit.polling import eventually

from .accounts import ACCOUNTS, PAYMENTS, REGISTERED, VERIFIED, mailboxes, settle
from .faults import Breaker, Fault, Tell
from .outage import Outage, judge
from .stand import LONG_HOURS, Member, Stand
from .traffic import SIZES, Traffic
from .witness import Witness

_KINDS = ("lost", "unexpected", "duplicated", "recovered")
_PLENTY = 90_000
_REQUEST_SECONDS = 15.0
_FEW = 50
_UNTIL_QUIET = 180.0
_MESSAGES_A_SECOND = FAST_SENDING["whatsapp_max_per_minute"] / 60
_WITH_A_DEADLINE, _IN_ITS_LINE = 9, 6
_QUORUM_QUEUE_SECONDS = 1.5  # a new quorum queue killed before may come back without a leader (RabbitMQ 3.10)


class Deed(Protocol):
    """Something that is done to a platform while runners come. `problems` is empty when it went as it should."""

    problems: list[str]

    async def play(self, breaker: Breaker, traffic: Traffic) -> None:
        """Do it, and judge it."""


@dataclass(frozen=True)
class Plan:
    """How much of everything.

    Args:
        places: of the category that sells out; three times as many are asked for.
        clients: who register one after the other, `every` so many seconds each.
        kill: whom to kill.
        upstreams: which APIs to take from the gateway, `away` seconds each.
        pause_seconds: for which notification's workers stand still.
        deeds: what else is done, one after the other, while nothing is broken.
    """

    places: int
    clients: int
    every: float
    kill: Sequence[Member]
    upstreams: Sequence[Member]
    away: float
    pause_seconds: float
    deeds: Sequence[Deed] = ()


@dataclass
class Result:
    """What was found. `problems` is empty when everything is as it should be."""

    seed: int
    commit: str
    faults: list[Fault] = field(default_factory=list)
    counts: dict[str, Mapping[str, int]] = field(default_factory=dict)
    hops: dict[str, Comparison] = field(default_factory=dict)
    doctor: Mapping[str, Any] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def as_json(self) -> dict[str, Any]:
        """For scripts."""
        hops = {
            name: {"held": each.held, **{kind: sorted(getattr(each, kind)) for kind in _KINDS}}
            for name, each in self.hops.items()
        }
        return asdict(self) | {"hops": hops}

    def save(self, file: Path) -> None:
        """Keep it as JSON."""
        file.write_text(json.dumps(self.as_json(), indent=2) + "\n")

    def lines(self) -> list[str]:
        """For people."""
        return [
            f"seed {self.seed}, commit {self.commit}",
            "Faults",
            *(f"  {fault}" for fault in self.faults),
            "Counts",
            *(f"  {name}: {_summary(counts)}" for name, counts in self.counts.items()),
            "Hops",
            *(f"  {name:<44} {compared}" for name, compared in self.hops.items()),
            "Doctor",
            f"  {'all services agree' if self.doctor.get('ok') else self.doctor.get('findings')}",
            *(f"WRONG {problem}" for problem in self.problems),
        ]


@dataclass
class Round:
    """One round on a stand that is up.

    Args:
        folder: where the clients' logs go.
        report: what happens, line by line.
    """

    stand: Stand
    plan: Plan
    folder: Path
    report: Tell
    seed: int = 2027

    async def play(self) -> Result:
        """Break everything, then compare."""
        result = Result(self.seed, _commit())
        witness = Witness(self.stand.databases, self.stand.broker)
        await _quiet(witness, result)
        await witness.watch(ACCOUNTS)
        async with Site(self.stand.url, simulators_url=self.stand.simulators) as site:
            await _empty_mailboxes(site)
            site.http.timeout = _REQUEST_SECONDS
            staff = await StaffMember.login(site, *self.stand.owner)
            await staff.call("PUT", "/notification/v1/settings", json=FAST_SENDING)
            await self._open(staff)
            await asyncio.sleep(_QUORUM_QUEUE_SECONDS)
            traffic = Traffic(site, staff, self.folder, self.seed)
            await self._break(traffic, witness, result)
            await self._calm_down(traffic, witness, result)
            await self._compare(traffic, witness, result)
        return result

    async def _open(self, staff: StaffMember) -> None:
        """Only in the last category a deadline comes within the round."""
        quotas = [_PLENTY, self.plan.places, _WITH_A_DEADLINE]
        self.steady, self.scarce, self.expiring = await open_race(staff, quotas)
        for category, hours in ((self.steady, LONG_HOURS), (self.scarce, LONG_HOURS), (self.expiring, 1)):
            path = f"/registration/v1/categories/{category}"
            await staff.call("PATCH", path, json={"payment_deadline_hours": hours})

    async def _break(self, traffic: Traffic, witness: Witness, result: Result) -> None:
        breaker = Breaker(self.stand, lambda: len(traffic.registrations.keys(Outcome.OK)), self.report, result.faults)
        outage = Outage(self.stand, traffic, witness, breaker, self.expiring, result.problems)
        desks = [each for each in self.plan.kill if (each.service, each.half) == ("registration", "api")]
        senders = [each for each in self.stand.members if (each.service, each.half) == ("notification", "worker")]
        async with self._everybody(traffic):
            await self._sell_out(traffic, breaker, desks)
            await breaker.kill([each for each in self.plan.kill if each not in desks])
            await outage.play(places=_WITH_A_DEADLINE, line=_IN_ITS_LINE)
            await breaker.restart_servers()
            await _caught_up(witness)
            for deed in self.plan.deeds:
                await deed.play(breaker, traffic)
            await asyncio.gather(
                breaker.pause(senders, seconds=self.plan.pause_seconds),
                breaker.stop_upstreams(self.plan.upstreams, away=self.plan.away),
            )

    async def _sell_out(self, traffic: Traffic, breaker: Breaker, desks: Sequence[Member]) -> None:
        """A crowd wants the scarce places; when a quarter of them is sold, the desks are killed in turn."""
        async with asyncio.TaskGroup() as crowd:
            crowd.create_task(traffic.rush(self.scarce, _crowd(self.plan.places)))
            await eventually(lambda: 4 * traffic.sold(self.scarce) >= self.plan.places, within=60.0, every=0.002)
            await breaker.kill(desks)

    @asynccontextmanager
    async def _everybody(self, traffic: Traffic) -> AsyncIterator[None]:
        """Runners and the cashier, from before the first fault until after the last."""
        async with asyncio.TaskGroup() as everybody:
            for _ in range(self.plan.clients):
                everybody.create_task(traffic.keep_coming(self.steady, every=self.plan.every))
            everybody.create_task(traffic.keep_verifying())
            await eventually(lambda: len(traffic.registrations.keys(Outcome.OK)) >= self.plan.clients, within=30.0)
            yield
            traffic.stopping.set()

    async def _calm_down(self, traffic: Traffic, witness: Witness, result: Result) -> None:
        """Repeat what nobody could tell about; what was held already gives its first answer."""
        self.report("the faults are over; waiting for quiet, repeating what nobody could tell about …")
        result.counts |= {f"{name} when the faults ended": each for name, each in _counts(traffic).items()}
        await _quiet(witness, result)
        self._doubted = traffic.registrations.keys(Outcome.UNKNOWN)
        before = await _held(traffic, witness)
        await traffic.ask_again()
        for key in self._doubted & before.keys():
            if json.loads(traffic.registrations.entries[key].body)["registration_id"] != before[key]:
                result.problems.append(f"{key} got another registration when it was repeated")
        self._recovered = self._doubted & before.keys()
        await traffic.repeat_answered()
        await eventually(lambda: _all_verified(traffic), within=_UNTIL_QUIET, every=0.5)
        await _quiet(witness, result)

    async def _compare(self, traffic: Traffic, witness: Witness, result: Result) -> None:
        keys = _keys_by_address(traffic)
        addresses = [row.split()[0] for row in await witness.held(REGISTERED)]
        result.hops["requests -> registrations"] = traffic.registrations.compare(
            [keys.get(address, address) for address in addresses], doubted=self._recovered
        )
        result.hops["proofs -> payments"] = traffic.proofs.compare(await witness.held(PAYMENTS))
        result.hops["verifications -> payments"] = traffic.verifications.compare(await witness.held(VERIFIED))
        verdict = await judge(witness, self.expiring)
        result.hops |= verdict.hops
        result.counts["outage"] = verdict.counts
        result.problems += verdict.problems
        result.hops |= await settle(witness)
        result.hops |= await mailboxes(witness, traffic.site)
        result.counts |= _counts(traffic)
        messages = await witness.query("notification", "SELECT status, count(*) FROM notifications GROUP BY status")
        result.counts["messages"] = {row[0]: row[1] for row in messages}
        await self._compare_places(traffic, witness, result)
        result.doctor = await self.stand.doctor()
        result.problems += [problem for deed in self.plan.deeds for problem in deed.problems]
        result.problems += [f"{name}: {compared}" for name, compared in result.hops.items() if not compared.ok]
        if not result.doctor["ok"]:
            result.problems.append(f"doctor: {result.doctor['findings']}")
            result.problems += [f"given up: {each}" for each in await _given_up(witness, self.stand.databases)]

    async def _compare_places(self, traffic: Traffic, witness: Witness, result: Result) -> None:
        """Never above the quota; nobody was refused who would still fit; the row counts what is there."""
        [(sold,)] = await witness.query("registration", _SOLD.format(self.scarce))
        [(taken,)] = await witness.query("registration", _TAKEN.format(self.scarce))
        full = {key for key, each in traffic.registrations.entries.items() if each.code == "category_full"}
        refused = [traffic.buyers[key].size for key in full]
        left = self.plan.places - sold
        result.counts["sell-out"] = {"places": self.plan.places, "sold": sold, "left": left, "refused": len(refused)}
        if left < 0 or taken != sold:
            result.problems.append(f"oversold: {sold} sold, {taken} counted as taken, of {self.plan.places}")
        if any(size <= left for size in refused):
            result.problems.append(f"{left} places are left and somebody who would fit was refused")
        if not refused:
            result.problems.append("nobody was refused: the sell-out did not happen")


_GIVEN_UP = """
    SELECT headers::text, failure_reason, last_exception, deliveries_count, created_at::text, failed_at::text
      FROM dead_letters
"""
_SOLD = "SELECT coalesce(sum(total_participants), 0) FROM registrations WHERE race_category_id = '{}'"
_TAKEN = "SELECT taken FROM category_places WHERE category_id = '{}'"


async def _given_up(witness: Witness, services: Iterable[str]) -> Sequence[str]:
    """What every service has as dead letters, in words."""
    found = {service: await witness.query(service, _GIVEN_UP) for service in services}
    return [f"{service}: {', '.join(map(str, row))}" for service, rows in found.items() for row in rows]


async def _empty_mailboxes(site: Site) -> None:
    for box in ("mail", "whatsapp"):
        (await site.http.delete(f"{site.simulators}/{box}")).raise_for_status()


def _crowd(places: int) -> list[int]:
    """Sizes that add up to at least three times the places."""
    sizes: list[int] = []
    while sum(sizes) < 3 * places:
        sizes.append(SIZES[len(sizes) % len(SIZES)])
    return sizes


async def _held(traffic: Traffic, witness: Witness) -> Mapping[str, str]:
    """Registrations that there are, by their requests' keys."""
    keys = _keys_by_address(traffic)
    rows = [row.split() for row in await witness.held(REGISTERED)]
    return {keys[address]: registration_id for address, registration_id in rows}


def _keys_by_address(traffic: Traffic) -> Mapping[str, str]:
    """Who asked, by the address in the form: found without the platform's own record of keys."""
    return {buyer.form["participants"][0]["email"]: key for key, buyer in traffic.buyers.items()}


async def _all_verified(traffic: Traffic) -> bool:
    await traffic.verify_waiting()
    return len(traffic.verifications.keys(Outcome.OK)) >= len(traffic.proofs.keys(Outcome.OK))


async def _caught_up(witness: Witness) -> None:
    """Wait until the restarts are made up for, as operators do before a release; messages wait for their limit."""

    async def few() -> bool:
        waiting = await witness.under_way()
        return sum(count for what, count in waiting.items() if what != "messages") < _FEW

    await eventually(few, within=_UNTIL_QUIET, every=0.5)


async def _quiet(witness: Witness, result: Result) -> None:
    """Wait until nothing is under way, for as long as the limit of sending needs besides; what stays is a problem."""

    async def quiet() -> None:
        waiting = await witness.under_way()
        assert not waiting, waiting

    messages = (await witness.under_way()).get("messages", 0)
    try:
        await eventually(quiet, within=_UNTIL_QUIET + messages / _MESSAGES_A_SECOND, every=0.5)
    except AssertionError as failure:
        result.problems.append(f"not drained: {failure}")


def _counts(traffic: Traffic) -> Mapping[str, Mapping[str, int]]:
    return {
        "registrations": dict(traffic.registrations.counts()),
        "proofs": dict(traffic.proofs.counts()),
        "verifications": dict(traffic.verifications.counts()),
    }


def _summary(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items())


def _commit() -> str:
    found = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"
