"""Database access. A unit of work is one transaction with the events it publishes; nothing else commits."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts import Event, Payload
from contracts.ownership import owner_of
from faststream_outbox.client import OutboxClient
from sqlalchemy import func, insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, InterfaceError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from chassis import telemetry
from chassis.clock import Clock, utcnow
from chassis.errors import OutcomeUnknown
from chassis.tables import OUTBOX_QUEUE, ServiceTables

log = telemetry.logger(__name__)

EXPORT_CONNECTIONS = 2

_RETRYABLE_CLASSES = ("08", "53", "57", "40")
_RETRYABLE_STATES = ("25006", "55P03")
_ANSWER_LOST = ("08", "57")
_ABOUT_THE_WORK = ("40", "55P03", "57014")


def is_unavailable(error: BaseException) -> bool:
    """Return whether `error` means that the database is down, full, overloaded or busy, not that the work is wrong.

    By SQLSTATE: connection (08), resources (53), operator intervention and cancelled (57), rollback by serialization or
    deadlock (40), read-only (25006), lock not available (55P03); see PostgreSQL's appendix A.
    """
    if isinstance(error, OSError) and error.filename is not None:
        return False  # a file, not a connection
    if isinstance(error, OutcomeUnknown | OSError | PoolTimeout | TimeoutError | InterfaceError):
        return True
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    state = sqlstate_of(error)
    return state.startswith(_RETRYABLE_CLASSES) or state in _RETRYABLE_STATES


def is_out_of_reach(error: BaseException) -> bool:
    """Return whether `error` would also occur for other work: `is_unavailable`, without errors specific to this work.

    The latter are a deadlock or a serialization failure (40), a lock held by another transaction (55P03), and a
    statement that took too long (57014).
    """
    return is_unavailable(error) and not sqlstate_of(error).startswith(_ABOUT_THE_WORK)


def takes_too_long(error: BaseException) -> bool:
    """Return whether a statement was cancelled because it took too long; a retry most likely takes as long."""
    return sqlstate_of(error) == "57014"


def waits_for_lock(error: BaseException) -> bool:
    """Return whether a statement was cancelled because another transaction held a lock for too long."""
    return sqlstate_of(error) == "55P03"


def sqlstate_of(error: BaseException) -> str:
    """Return the SQLSTATE of an error; empty if it has none."""
    return str(getattr(getattr(error, "orig", error), "sqlstate", None) or "")


def constraint_of(error: IntegrityError) -> str:
    """Return the name of the violated constraint; empty if the database did not name one."""
    cause = error.orig.__cause__ if error.orig is not None else None
    return str(getattr(cause, "constraint_name", None) or "")


def _states_that_nothing_was_stored(error: Exception) -> bool:
    """Return whether an error of COMMIT was reported by the database, and is not the loss of its answer (08, 57)."""
    return bool(sqlstate_of(error)) and not sqlstate_of(error).startswith(_ANSWER_LOST)


@contextmanager
def already_stored() -> Iterator[None]:
    """Guard the queries after a commit: if the database becomes unavailable here, the changes are stored nevertheless.

    Raises:
        OutcomeUnknown: instead of an error that would be answered with "nothing was stored".
    """
    try:
        yield
    except Exception as error:
        if is_unavailable(error):
            raise OutcomeUnknown from error
        raise


class UnitOfWork:
    """One transaction: its changed rows and its published events are stored together or not at all."""

    def __init__(self, session: AsyncSession, *, database: "Database", now: datetime, correlation_id: str) -> None:
        self.session = session
        self.now = now
        self.correlation_id = correlation_id
        self._database = database
        self._events: list[Event[Any]] = []

    @property
    def tables(self) -> ServiceTables:
        """Return the outbox and the other common tables of this service."""
        return self._database.tables

    async def server_time(self) -> datetime:
        """Return the time of the database server."""
        return await self._database.server_time(self.session)

    def publish(self, payload: Payload, *, subject: UUID) -> None:
        """Publish `payload` with this commit. `subject` is the id of what it is about, mostly a registration.

        Raises:
            TypeError: another service owns events of this type.
        """
        if owner_of(payload.TYPE) != self._database.service:
            raise TypeError(f"{self._database.service} does not own {payload.TYPE}")
        self._events.append(
            Event.of(
                payload,
                source=self._database.service,
                subject=subject,
                occurred_at=self.now,
                correlation_id=self.correlation_id,
            )
        )

    async def audit(self, actor: str, action: str, subject: str, **details: Any) -> None:
        """Record an action in the audit log. Details are ids, states and reasons, never personal data."""
        await self.session.execute(
            insert(self.tables.audit_log).values(
                at=self.now,
                actor=actor,
                action=action,
                subject=subject,
                details=details,
                correlation_id=self.correlation_id,
            )
        )

    async def write_events(self) -> None:
        """Write the published events into the outbox. The unit of work does this right before it commits."""
        if self._events:
            await self.session.execute(_PUBLISH, {"bodies": self.take_events()})

    def take_events(self) -> list[bytes]:
        """Remove and return the events published so far, for a statement that writes them with `publishing`."""
        events, self._events = self._events, []
        return [event.to_bytes() for event in events]


def publishing(bodies: str) -> str:
    """Return a `WITH` part that inserts events into the outbox, for statements in which every round trip counts.

    Args:
        bodies: a query for the events' bodies, of type `bytea`. `NOTIFY` has to be in the statement's own `SELECT`.
    """
    rows = f"SELECT '{OUTBOX_QUEUE}', body FROM ({bodies}) AS event(body)"  # noqa: S608  # `bodies` is the caller's SQL
    return f"published AS (INSERT INTO outbox (queue, payload) {rows})"


NOTIFY = f"pg_notify('outbox_outbox', '{OUTBOX_QUEUE}')"
"""Expression that wakes up the outbox's readers, in the same way as the library."""

# One statement for any number of events; the library's batch insert would send one statement per event.
_PUBLISH = text(f"WITH {publishing('SELECT unnest(CAST(:bodies AS bytea[]))')} SELECT {NOTIFY}")


class Database:
    """The database of a service.

    Args:
        url: `postgresql+asyncpg://…`
        service: the service that publishes from this database.
        tables: the service's outbox and other common tables.
        server_clock: replaces the server's time, so that tests can move it.
    """

    def __init__(
        self,
        url: str,
        *,
        service: str,
        tables: ServiceTables,
        pool_size: int = 8,
        pool_overflow: int = 8,
        clock: Clock = utcnow,
        server_clock: Clock | None = None,
    ) -> None:
        self.service = service
        self.tables = tables
        self.clock = clock
        self._server_clock = server_clock
        self.engine = create_async_engine(
            url,
            pool_size=pool_size,
            max_overflow=pool_overflow,
            pool_timeout=5,
            hide_parameters=True,
            connect_args=_connect_args(service),
        )
        # The connections of relay and retries are held as long as the process lives, so they are not taken from the
        # pool.
        self.messaging_engine = create_async_engine(
            url, poolclass=NullPool, hide_parameters=True, connect_args=_connect_args(f"{service}-messaging")
        )
        # Exports run for minutes beside all other work: they get few connections, and none of the pool's.
        self.export_engine = create_async_engine(
            url,
            pool_size=EXPORT_CONNECTIONS,
            max_overflow=0,
            pool_timeout=30,
            hide_parameters=True,
            connect_args=_connect_args(f"{service}-export"),
        )
        self.outbox = OutboxClient(self.engine, tables.outbox)
        self.retries = OutboxClient(self.engine, tables.retries, dlq_table=tables.dead_letters)

    @asynccontextmanager
    async def work(self) -> AsyncIterator[UnitOfWork]:
        """Open a transaction that commits if the block ends normally and rolls back otherwise.

        Raises:
            OutcomeUnknown: the answer to COMMIT got lost.
        """
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            work = UnitOfWork(session, database=self, now=self.clock(), correlation_id=telemetry.correlation_id())
            yield work
            await work.write_events()
            await _commit(session)

    @asynccontextmanager
    async def read(self) -> AsyncIterator[AsyncSession]:
        """Open a session for reading."""
        async with AsyncSession(self.engine, expire_on_commit=False) as session:
            yield session

    async def server_time(self, session: AsyncSession) -> datetime:
        """Return the time of the database server: it is the same for all replicas, whose own clocks differ."""
        if self._server_clock is not None:
            return self._server_clock()
        now: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
        return now

    @asynccontextmanager
    async def read_page(self) -> AsyncIterator[AsyncSession]:
        """Open a session for one page of an export. It is closed before the page is sent, as clients may be slow."""
        async with AsyncSession(self.export_engine, expire_on_commit=False) as session:
            yield session

    async def close(self) -> None:
        """Close all connections."""
        await self.engine.dispose()
        await self.export_engine.dispose()
        await self.messaging_engine.dispose()


async def _commit(session: AsyncSession) -> None:
    """Commit. The flush is separate because an error before COMMIT is sent means that nothing was stored.

    Raises:
        OutcomeUnknown.
    """
    await session.flush()
    try:
        await session.commit()
    except Exception as error:
        if _states_that_nothing_was_stored(error):
            raise
        log.warning("commit_unanswered", error=type(error).__name__)
        raise OutcomeUnknown from error


def _connect_args(name: str) -> dict[str, Any]:
    return {
        "timeout": 5,
        "command_timeout": 30,
        "server_settings": {
            "application_name": f"startline-{name}",
            "statement_timeout": "25s",
            "lock_timeout": "8s",
            "idle_in_transaction_session_timeout": "30s",
            "TimeZone": "UTC",
            "jit": "off",
            # No query may use more than one core during a load spike.
            "max_parallel_workers_per_gather": "0",
        },
    }
