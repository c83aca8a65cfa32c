"""Registration's workers are away until a deadline has passed: who paid in time keeps the place, the others' go on."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from standalone.journey.client import Buyer
from standalone.journey.ledger import Comparison, compare
from testkit.polling import eventually

from .faults import Breaker
from .stand import Member, Stand
from .traffic import Traffic
from .witness import Witness

_BACKLOG = 600
"""Messages before the proofs in the queue, so that who looks at the clock alone is sure to come before them."""
_DEADLINE_SECONDS = 300.0
_SORTED_OUT_SECONDS = 60.0

_REGISTERED = "SELECT id, status FROM registrations WHERE race_category_id = '{}'"
_PAID_IN_TIME = """
    SELECT p.registration_id FROM payments p JOIN invoices i USING (registration_id) WHERE p.uploaded_at <= i.expires_at
"""
_LINE = "SELECT id, status FROM waitlist_entries WHERE race_category_id = '{}' ORDER BY turn"
_HEARD = "SELECT count(*) FROM registrations WHERE race_category_id = '{}' AND status <> 'pending_payment'"
_AHEAD = (
    "SELECT count(*) FROM registrations WHERE race_category_id = '{}' AND expires_at > now() - interval '2 seconds'"
)
_UNDECIDED = "SELECT count(*) FROM registrations WHERE race_category_id = '{}' AND status = 'pending_payment'"


@dataclass
class Outage:
    """A category with a short deadline sells out, and others wait in its line.

    Args:
        category_id: has no registrations yet, and a deadline that a test can wait for.
    """

    stand: Stand
    traffic: Traffic
    witness: Witness
    breaker: Breaker
    category_id: str
    problems: list[str] = field(default_factory=list)

    async def play(self, *, places: int, line: int) -> None:
        """Return when every registration is paid or expired. All but every third buyer pay, while the workers are away.

        Args:
            places: of the category.
            line: number of runners who wait for one.
        """
        buyers = [self.traffic.buyer(self.category_id, 1) for _ in range(places)]
        await asyncio.gather(*(self.traffic.register(buyer) for buyer in buyers))
        await asyncio.gather(*(self.traffic.stand_in_line(self.category_id) for _ in range(line)))
        await asyncio.gather(*(self.traffic.invoiced(buyer) for buyer in buyers))
        paying = [buyer for number, buyer in enumerate(buyers) if number % 3]
        stopped, killed = self._workers()
        await self.breaker.take_away(
            stopped,
            killed,
            self._backlog,
            lambda: self._pay(paying),
            self._deadline_passes,
        )
        await self._everyone_is_decided()

    def _workers(self) -> tuple[Sequence[Member], Sequence[Member]]:
        workers = [each for each in self.stand.members if (each.service, each.half) == ("registration", "worker")]
        return workers[::2], workers[1::2]

    async def _backlog(self) -> None:
        login = self.stand.login("payment")
        await self.witness.deliver_again("registration", _BACKLOG, source="payment", login=login)

    async def _pay(self, buyers: Sequence[Buyer]) -> None:
        await asyncio.gather(*(self.traffic.pay(buyer) for buyer in buyers))

    async def _deadline_passes(self) -> None:
        async def passed() -> bool:
            return await self._count(_AHEAD) == 0

        await eventually(passed, within=_DEADLINE_SECONDS, every=0.5)
        if heard := await self._count(_HEARD):
            self.problems.append(f"{heard} registrations changed while registration's workers were away")

    async def _everyone_is_decided(self) -> None:
        async def decided() -> bool:
            return await self._count(_UNDECIDED) == 0

        try:
            await eventually(decided, within=_SORTED_OUT_SECONDS, every=0.2)
        except AssertionError:
            self.problems.append(f"{await self._count(_UNDECIDED)} registrations are neither paid nor expired")

    async def _count(self, query: str) -> int:
        return int((await self.witness.query("registration", query.format(self.category_id)))[0][0])


@dataclass(frozen=True)
class Verdict:
    """Who paid in time, by payment's word, against what registration made of it."""

    hops: Mapping[str, Comparison]
    counts: Mapping[str, int]
    problems: Sequence[str]


async def judge(witness: Witness, category_id: str) -> Verdict:
    """Compare by rows. Every registration of the category and every entry of its line is for one runner."""
    rows = await witness.query("registration", _REGISTERED.format(category_id))
    registered = {str(registration_id): str(status) for registration_id, status in rows}
    paid = registered.keys() & {str(row[0]) for row in await witness.query("payment", _PAID_IN_TIME)}
    unpaid = registered.keys() - paid
    waited = await witness.query("registration", _LINE.format(category_id))
    line = [str(entry_id) for entry_id, _ in waited]
    hops = {
        "paid in time -> place kept": compare(_in(registered, "payment_uploaded", "payment_verified"), sure=paid),
        "not paid in time -> expired": compare(_in(registered, "expired"), sure=unpaid),
        "places of the unpaid -> first in line": compare(
            [str(entry_id) for entry_id, status in waited if status != "waiting"], sure=line[: len(unpaid)]
        ),
    }
    counts = {"paid in time": len(paid), "not paid": len(unpaid), "in line": len(line)}
    happened = paid and unpaid and len(line) > len(unpaid)
    return Verdict(hops, counts, [] if happened else [f"the outage decided nothing: {counts}"])


def _in(registered: Mapping[str, str], *statuses: str) -> list[str]:
    return [registration_id for registration_id, status in registered.items() if status in statuses]
