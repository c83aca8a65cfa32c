"""Health checks: whether the database is available, and how late a service's events are."""

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import Table, func, select, text

from chassis.database import Database
from chassis.telemetry import DEAD_LETTERS, OLDEST_OUTBOX_SECONDS, OLDEST_RETRY_SECONDS

LATE_OUTBOX_SECONDS = 60.0
LATE_RETRY_SECONDS = 300.0


@dataclass(frozen=True)
class Lateness:
    """How late a service's events are. Ages are in seconds; 0 if none is waiting."""

    oldest_outbox_seconds: float
    oldest_retry_seconds: float
    dead_letters: int

    @property
    def late(self) -> bool:
        """Return whether the lateness needs attention."""
        return (
            self.oldest_outbox_seconds > LATE_OUTBOX_SECONDS
            or self.oldest_retry_seconds > LATE_RETRY_SECONDS
            or self.dead_letters > 0
        )

    def report(self) -> dict[str, Any]:
        """Return the response of the health route."""
        return {"late": self.late, **asdict(self)}


async def lateness(database: Database) -> Lateness:
    """Measure the lateness and set the gauges."""
    tables = database.tables

    async with database.read() as session:
        outbox = (await session.execute(_oldest(tables.outbox))).scalar_one()
        retry = (await session.execute(_oldest(tables.retries))).scalar_one()
        dead = (await session.execute(select(func.count()).select_from(tables.dead_letters))).scalar_one()
    OLDEST_OUTBOX_SECONDS.labels(database.service).set(outbox)
    OLDEST_RETRY_SECONDS.labels(database.service).set(retry)
    DEAD_LETTERS.labels(database.service).set(dead)
    return Lateness(float(outbox), float(retry), int(dead))


def _oldest(table: Table) -> Any:
    return select(func.coalesce(func.extract("epoch", func.now() - func.min(table.c.created_at)), 0))


async def database_answers(database: Database) -> bool:
    """Return whether the database answers a query now."""
    try:
        async with database.read() as session:
            await session.execute(text("SELECT 1"))
    except Exception:  # noqa: BLE001  # any error means: not ready
        return False
    return True
