"""Running the Alembic migrations of a service."""

import asyncio
from collections.abc import Iterable, Sequence
from importlib import resources
from logging import getLogger
from time import monotonic, sleep

from alembic import command, context
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from chassis.migrations.rights import settle_rights
from chassis.migrations.sent_events import make_partitions

log = getLogger(__name__)

_LOCK_ID = 0x57A7  # one migration at a time per database, whichever process starts first
_LOCK_TIMEOUT = "10s"
_LOCK_SECONDS = 600.0
_PAUSE = 0.2  # seconds between two attempts to take the lock


def configuration(package: str, url: str) -> Config:
    """Return Alembic's configuration for the migrations inside `package`."""
    config = Config()
    config.set_main_option("script_location", str(resources.files(package) / "migrations"))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = url
    return config


def upgrade(url: str, package: str, revision: str = "head") -> None:
    """Upgrade the database at `url` to `revision` of `package`.

    The schema of a newer release is left unchanged: this release can use it, and is started on it after a rollback.
    """
    config = configuration(package, url)
    config.attributes["leaves_newer"] = True
    config.attributes["service"] = package
    command.upgrade(config, revision)


def downgrade(url: str, package: str, revision: str = "base") -> None:
    """Downgrade the database at `url` to `revision` of `package`."""
    command.downgrade(configuration(package, url), revision)


def run(metadata: MetaData, *, doctor_reads: Sequence[str] = ()) -> None:
    """Run the migrations; called by a service's `env.py`. Lock and statement timeouts prevent blocking the service.

    Args:
        doctor_reads: tables, in addition to those of every service, that the doctor's role may read.
    """
    url = context.config.attributes["url"]
    asyncio.run(_run(url, metadata, doctor_reads))


async def _run(url: str, metadata: MetaData, doctor_reads: Sequence[str]) -> None:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(_migrate, metadata, doctor_reads)
        await connection.commit()
    await engine.dispose()


def _migrate(connection: Connection, metadata: MetaData, doctor_reads: Sequence[str]) -> None:
    """Migrate with settings and a lock of the session, as a migration may commit in between (`autocommit_block`)."""
    _wait_for_turn(connection)
    connection.execute(text("SELECT set_config('lock_timeout', :wait, false)"), {"wait": _LOCK_TIMEOUT})
    connection.execute(text("SELECT set_config('statement_timeout', '120s', false)"))
    connection.commit()
    if context.config.attributes.get("leaves_newer") and _is_newer(connection):
        log.warning("schema is of a newer release and stays as it is")
        return
    context.configure(
        connection=connection, target_metadata=metadata, compare_type=True, transaction_per_migration=True
    )
    with context.begin_transaction():
        context.run_migrations()
    service = context.config.attributes.get("service")
    if service is not None:
        settle_rights(connection, service, doctor_reads)
        make_partitions(connection)
        connection.commit()


def _is_newer(connection: Connection) -> bool:
    """Return whether the database has migrations that this release does not know."""
    current = MigrationContext.configure(connection).get_current_heads()
    connection.rollback()
    known = {script.revision for script in ScriptDirectory.from_config(context.config).walk_revisions()}
    return not known.issuperset(current)


def _wait_for_turn(connection: Connection) -> None:
    """Take the session's lock by polling instead of waiting inside a statement.

    An index that is built concurrently waits for every open snapshot in the database. If a process waited inside a
    statement for this lock, which the builder holds, its snapshot would cause a deadlock.

    Raises:
        TimeoutError: another session held the lock for too long; every login of the database can take it.
    """
    deadline = monotonic() + _LOCK_SECONDS
    while not connection.scalar(text("SELECT pg_try_advisory_lock(:id)"), {"id": _LOCK_ID}):
        if monotonic() > deadline:
            raise TimeoutError(
                f"the lock of the migrations was not free for {_LOCK_SECONDS:.0f} seconds: {_holder(connection)}"
            )
        connection.rollback()
        sleep(_PAUSE)


_HOLDER = text("""
    SELECT format('process %s of %s holds it', pid, usename) FROM pg_locks JOIN pg_stat_activity USING (pid)
     WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = :id AND objsubid = 1
       AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
""")


def _holder(connection: Connection) -> str:
    """Return which session holds the lock, for an operator who may end it (`pg_terminate_backend`)."""
    return connection.scalar(_HOLDER, {"id": _LOCK_ID}) or "it is free now; call again"


def drift(url: str, metadata: MetaData) -> Iterable[object]:
    """Return the differences between the migrated database and the tables in code; empty if they agree."""
    return asyncio.run(_drift(url, metadata))


_PARTITIONS = text("SELECT relname FROM pg_class WHERE relispartition")


async def _drift(url: str, metadata: MetaData) -> list[object]:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.connect() as connection:
        found: list[object] = await connection.run_sync(_compare, metadata)
    await engine.dispose()
    return found


def _compare(connection: Connection, metadata: MetaData) -> list[object]:
    getLogger("alembic").setLevel("WARNING")
    partitions = set(connection.scalars(_PARTITIONS))
    options = {"compare_type": True, "include_name": lambda name, *_: name not in partitions}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))
