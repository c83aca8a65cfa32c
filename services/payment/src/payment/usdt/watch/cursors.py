"""The lease of a network, how far it was read, and what is wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import uniform
from typing import Any, Final

from chassis.database import Database, UnitOfWork
from sqlalchemy import ColumnElement, and_, case, func, literal, or_, update
from sqlalchemy.dialects.postgresql import insert

from payment.usdt.watch.rules import Plan, Trouble
from payment.usdt.watch.tables import ChainCursor

_LEASE: Final = timedelta(minutes=2)
"""Longer than a pass may take. A process that dies leaves its network to others after this."""
_REST: Final = timedelta(seconds=1)
"""Least time between two passes that reach the head, by any process."""
_SHORTEST_PAUSE: Final = timedelta(seconds=1)
_LONGEST_PAUSE: Final = timedelta(minutes=1)
"""Pause after a failure: a quarter of the time for which there is trouble, within these."""


class LeaseLost(Exception):
    """Another process has the lease: this one took too long, and its pass is not stored."""


@dataclass(frozen=True, slots=True)
class Lease:
    """The right to make a pass over a network.

    Attributes:
        until: its end, which is different for each lease.
        scanned: last block whose transfers were read; None before the first pass.
        confirmed: last block that counts as final, and `confirmed_time` its time.
        endpoint: index of the endpoint to begin with.
        trouble_since: when the first failure since the last success was; None if the last pass succeeded.
    """

    chain_id: int
    until: datetime
    scanned: int | None
    confirmed: int | None
    confirmed_time: datetime | None
    endpoint: int
    trouble_since: datetime | None


async def claim(database: Database, chain_id: int) -> Lease | None:
    """Return the lease of a network; None if another process has it, if it rests, or if it was stopped."""
    async with database.work() as work:
        until = work.now + _LEASE
        first = insert(ChainCursor).values(chain_id=chain_id, leased_until=until, updated_at=work.now)
        free = and_(~ChainCursor.stopped, or_(ChainCursor.leased_until.is_(None), ChainCursor.leased_until <= work.now))
        claimed = first.on_conflict_do_update(index_elements=["chain_id"], set_={"leased_until": until}, where=free)
        row = (await work.session.execute(claimed.returning(ChainCursor))).scalar_one_or_none()
        if row is None:
            return None
        return Lease(
            chain_id=chain_id,
            until=until,
            scanned=row.scanned_block,
            confirmed=row.confirmed_block,
            confirmed_time=row.confirmed_time,
            endpoint=row.endpoint,
            trouble_since=row.trouble_since,
        )


async def advance(work: UnitOfWork, lease: Lease, plan: Plan, *, endpoint: int, trouble: Trouble | None) -> None:
    """Store how far a network was read, and return its lease.

    Raises:
        LeaseLost.
    """
    values: dict[str, Any] = {
        "scanned_block": plan.scanned.number,
        "scanned_time": plan.scanned.timestamp,
        "head_block": plan.head.number,
        "head_time": plan.head.timestamp,
        "endpoint": endpoint,
        "leased_until": work.now + _REST if plan.reaches_head else None,
        **_trouble(trouble, work.now),
    }
    if plan.final is not None:
        values |= {"confirmed_block": plan.final.number, "confirmed_time": plan.final.timestamp}
    await _return(work, lease, values)


async def give_up(database: Database, lease: Lease, trouble: Trouble, *, stop: bool = False) -> None:
    """Store why a network was not read, and return its lease after a pause.

    Args:
        stop: whether no pass is made until staff resume it.

    Raises:
        LeaseLost.
    """
    async with database.work() as work:
        pause = min(max((work.now - (lease.trouble_since or work.now)) / 4, _SHORTEST_PAUSE), _LONGEST_PAUSE)
        values = {
            "leased_until": work.now + pause * uniform(0.7, 1.0),  # noqa: S311  # spreads processes
            "endpoint": 0,
            "stopped": stop,
            **_trouble(trouble, work.now),
        }
        await _return(work, lease, values)


async def _return(work: UnitOfWork, lease: Lease, values: Mapping[str, Any]) -> None:
    mine = (ChainCursor.chain_id == lease.chain_id, ChainCursor.leased_until == lease.until)
    stored = update(ChainCursor).where(*mine).values(**values, updated_at=work.now).returning(ChainCursor.chain_id)
    if (await work.session.execute(stored)).one_or_none() is None:
        raise LeaseLost


def _trouble(trouble: Trouble | None, now: datetime) -> Mapping[str, ColumnElement[Any]]:
    """Return the columns after a pass. It neither hides nor ends the trouble that a sweep of balances found."""
    swept = func.coalesce(ChainCursor.trouble, "") == Trouble.BALANCE_DIFFERS
    since = literal(None) if trouble is None else func.coalesce(ChainCursor.trouble_since, now)
    return {
        "trouble": case((swept, ChainCursor.trouble), else_=literal(trouble)),
        "trouble_since": case((swept, ChainCursor.trouble_since), else_=since),
    }
