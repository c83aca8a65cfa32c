"""Asking the sources. They are asked outside a transaction, and their answers stored together."""

import asyncio
from collections.abc import Sequence

from chassis.database import Database, UnitOfWork
from chassis.telemetry import logger
from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert

from payment.usdt.rates.commands import store_answers
from payment.usdt.rates.port import Quoted, RateSource, Source, SourceError, Trouble
from payment.usdt.rates.rules import LIMITS, Limits
from payment.usdt.rates.tables import UsdtRateSource

log = logger(__name__)


async def fetch_rates(database: Database, sources: Sequence[Source], *, limits: Limits = LIMITS) -> int:
    """Ask the sources that are due, and store a rate; return how many were asked. Any number of workers may do so.

    A source is due once its `every` has passed since any worker asked it, whatever it answered.
    """
    due = await _claim(database, sources)
    if not due:
        return 0
    answers = dict(zip((each.name for each in due), await asyncio.gather(*map(_ask, due)), strict=True))
    quotes = [each for each in answers.values() if isinstance(each, Quoted)]
    async with database.work() as work:
        for name, answer in answers.items():
            await _note(work, name, answer if isinstance(answer, Trouble) else None)
        choice = await store_answers(work, quotes, limits=limits)
    if quotes and choice.reason is not None:
        log.warning("rate_not_accepted", reason=choice.reason.value, idr_per_usdt=str(choice.idr_per_usdt))
    return len(due)


async def _claim(database: Database, sources: Sequence[Source]) -> Sequence[Source]:
    """Return the sources that this worker is to ask."""
    async with database.work() as work:
        return [each for each in sorted(sources, key=lambda source: source.name) if await _is_ours(work, each)]


async def _is_ours(work: UnitOfWork, source: Source) -> bool:
    claim = insert(UsdtRateSource).values(source=source.name.value, asked_at=work.now)
    due = UsdtRateSource.asked_at <= work.now - source.every
    claim = claim.on_conflict_do_update(index_elements=["source"], set_={"asked_at": work.now}, where=due)
    return (await work.session.execute(claim.returning(UsdtRateSource.source))).first() is not None


async def _ask(source: Source) -> Quoted | Trouble:
    try:
        return await source.quote()
    except SourceError as error:
        log.warning("rate_source_failed", source=source.name.value, kind=error.trouble.value, reason=str(error))
        return error.trouble


async def _note(work: UnitOfWork, name: RateSource, trouble: Trouble | None) -> None:
    """Store whether a source answered. Sources are noted in the order in which they are claimed: of their names."""
    since = None if trouble is None else func.coalesce(UsdtRateSource.trouble_since, work.now)
    noted = update(UsdtRateSource).where(UsdtRateSource.source == name)
    await work.session.execute(noted.values(trouble=trouble, trouble_since=since))
