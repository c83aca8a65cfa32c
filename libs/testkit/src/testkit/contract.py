"""What every service must do. `tests/api/test_service_contract.py` runs it for all of them.

A test class with these methods needs a fixture `service`. What a service needs from its environment beyond the common
settings is in `ENVIRONMENT`.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from chassis import process
from chassis.auth.access import api_routes, keys_over_http, staff_verifier
from chassis.auth.principals import Role, TokenKind
from chassis.errors import StartlineError
from chassis.migrations import downgrade, drift, upgrade
from chassis.secrets import new_key
from chassis.service import Service
from chassis.settings import MissingSettings, load
from chassis.transports import InProcessTransport
from chassis.worker import HandlersDiffer, Worker
from fastapi import FastAPI
from sqlalchemy import Table, text
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine
from sqlalchemy.pool import NullPool

from testkit.plugin import FreshDatabase
from testkit.tokens import Issuer

AnyService = Service[Any]

_SOME_ID = UUID(int=7)
_PARAMETER = re.compile(r"\{[^}]+\}")
_NOWHERE = "postgresql+asyncpg://postgres@127.0.0.1:1/none"

_OBJECTS = """
    SELECT relkind::text || ' ' || relname FROM pg_class JOIN pg_namespace n ON n.oid = relnamespace
     WHERE n.nspname = 'public' AND relname NOT LIKE 'alembic_version%' AND NOT relispartition
    UNION ALL SELECT 'function ' || proname FROM pg_proc JOIN pg_namespace n ON n.oid = pronamespace
     WHERE n.nspname = 'public' AND NOT EXISTS
           (SELECT 1 FROM pg_depend d WHERE d.objid = pg_proc.oid AND d.deptype = 'e')
    UNION ALL SELECT 'type ' || typname FROM pg_type JOIN pg_namespace n ON n.oid = typnamespace
     WHERE n.nspname = 'public' AND typtype IN ('e', 'd')
"""

_RULES = """
    SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid) FROM pg_constraint
     WHERE contype IN ('c', 'x', 'f', 'u', 'p') AND connamespace = 'public'::regnamespace
       AND conrelid <> 0 AND conrelid::regclass::text <> 'alembic_version' AND conname NOT LIKE '%outbox_lease_ck'
       AND conname NOT LIKE '%event_retries_lease_ck'
       AND NOT EXISTS (SELECT 1 FROM pg_class WHERE pg_class.oid = conrelid AND relispartition)
"""
"""The lease constraints belong to the tables of faststream-outbox, which names them itself."""

_LITERAL = re.compile(r"'[^']*'")


def environment(service: AnyService, url: str, folder: Path) -> dict[str, str]:
    """Return variables from which the service starts, without what its settings do not have."""
    values = {
        "database_url": url,
        "broker_url": "amqp://unused",
        "secret_keys": new_key(),
        "staff_jwks_url": "http://identity.test/jwks",
        "public_url": "https://lari.example",
        "proof_store": folder.as_uri(),
        "image_store": folder.as_uri(),
        "worker_port": "0",
    }
    return {name.upper(): value for name, value in values.items() if name in service.settings.model_fields}


def _app(service: AnyService, url: str, folder: Path, issuer: Issuer) -> FastAPI:
    given = environment(service, url, folder)
    settings = service.settings(**{name.lower(): value for name, value in given.items()})
    app: FastAPI = service.build_app(settings, service.open_database(settings.database_url), issuer.http())
    return app


def _is_read(route: Any, service: AnyService) -> bool:
    """Return whether the route reads rows.

    Tickets are pictures of what their path holds, and a promo code is checked only if the query names one.
    """
    path = str(route.path_format)
    without_rows = "/tickets/" in path or path.endswith("/promo-codes/check")
    return "GET" in (route.methods or ()) and path.startswith(service.path) and not without_rows


def errors_of(package: str) -> Sequence[type[StartlineError]]:
    """Return the errors that a package defines."""

    def below(kind: type[StartlineError]) -> Iterator[type[StartlineError]]:
        for each in kind.__subclasses__():
            yield each
            yield from below(each)

    return [each for each in below(StartlineError) if each.__module__.partition(".")[0] == package]


@asynccontextmanager
async def _connected(url: str) -> AsyncIterator[AsyncConnection]:
    engine = create_async_engine(url, poolclass=NullPool)
    async with engine.begin() as connection:
        yield connection
    await engine.dispose()


async def _scalars(url: str, sql: str) -> set[str]:
    async with _connected(url) as connection:
        return set((await connection.execute(text(sql))).scalars())


async def _rules(url: str) -> set[str]:
    """Return constraints with their literals in alphabetical order: the order of an enumeration means nothing."""

    def ordered(rule: str) -> str:
        literals = iter(sorted(_LITERAL.findall(rule)))
        return _LITERAL.sub(lambda _: next(literals), rule)

    return {ordered(rule) for rule in await _scalars(url, _RULES)}


def _kind(table: Table) -> str:
    return "p" if table.dialect_options["postgresql"]["partition_by"] else "r"


async def _request(app: FastAPI, path: str) -> httpx.Response:
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://startline.test") as client:
        return await client.get(path)


class ServiceContract:
    """The tests of one service, given by the fixture `service`."""

    # --- tables

    async def test_migrations_go_up_down_and_up_again(self, service: AnyService, fresh_database: FreshDatabase) -> None:
        """Going down leaves nothing; going up again builds the same."""
        url = await fresh_database(service.name)
        built = await _scalars(url, _OBJECTS)
        assert {f"{_kind(table)} {name}" for name, table in service.tables.metadata.tables.items()} <= built
        await asyncio.to_thread(downgrade, url, service.name)
        assert await _scalars(url, _OBJECTS) == set()
        await asyncio.to_thread(upgrade, url, service.name)
        assert await _scalars(url, _OBJECTS) == built

    async def test_the_migrated_schema_is_that_of_the_code(
        self, service: AnyService, fresh_database: FreshDatabase
    ) -> None:
        """Alembic compares columns and indexes, and a forgotten migration is seen."""
        url = await fresh_database(service.name)
        assert list(await asyncio.to_thread(drift, url, service.tables.metadata)) == []
        table = next(iter(service.tables.metadata.sorted_tables))
        async with _connected(url) as connection:
            await connection.execute(text(f"ALTER TABLE {table.name} ADD COLUMN unknown_to_the_code integer"))
        assert len(list(await asyncio.to_thread(drift, url, service.tables.metadata))) == 1

    async def test_constraints_are_the_same_in_code_and_in_the_migrated_schema(
        self, service: AnyService, fresh_database: FreshDatabase
    ) -> None:
        """Alembic does not compare these."""
        url = await fresh_database(service.name)
        migrated = await _rules(url)
        async with _connected(url) as connection:
            await connection.execute(text("DROP SCHEMA public CASCADE"))
            await connection.execute(text("CREATE SCHEMA public"))
            await connection.run_sync(service.tables.metadata.create_all)
        in_code = await _rules(url)
        assert (in_code - migrated, migrated - in_code) == (set(), set())

    # --- settings

    def test_a_start_without_settings_names_all_that_are_missing(
        self, service: AnyService, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for name in service.settings.model_fields:
            monkeypatch.delenv(name.upper(), raising=False)
        required = {name.upper() for name, field in service.settings.model_fields.items() if field.is_required()}
        assert {"DATABASE_URL", "BROKER_URL", "SECRET_KEYS"} <= required
        with pytest.raises(MissingSettings) as stopped:
            load(service.settings)
        assert {name for name in required if f"{name}:" not in str(stopped.value)} == set()

    def test_no_secret_is_shown_with_the_settings(self, service: AnyService, tmp_path: Path) -> None:
        secret = new_key()
        given = environment(service, "postgresql://user:hidden-password@127.0.0.1/none", tmp_path)
        settings = service.settings(**{name.lower(): value for name, value in {**given, "SECRET_KEYS": secret}.items()})
        assert secret not in repr(settings)
        assert "hidden-password" not in repr(settings)

    # --- processes

    async def test_the_application_starts_from_the_environment_and_closes_what_it_opened(
        self, service: AnyService, fresh_database: FreshDatabase, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        app = await self._started(service, await fresh_database(service.name), monkeypatch, tmp_path)
        async with app.router.lifespan_context(app):
            ready = await _request(app, "/health/ready")
            assert (ready.status_code, ready.json()) == (200, {"ready": True, "database": True})
        assert app.state.database.engine.pool.checkedin() == 0

    async def test_with_the_database_down_the_service_is_alive_and_not_ready(
        self, service: AnyService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        app = await self._started(service, _NOWHERE, monkeypatch, tmp_path)
        assert [(await _request(app, f"/health/{which}")).status_code for which in ("live", "ready")] == [200, 503]
        await app.state.database.close()

    async def test_with_the_database_down_reads_are_refused_as_unavailable(
        self, service: AnyService, tmp_path: Path
    ) -> None:
        """A route that reads for some caller answers 503, and none answers 500."""
        issuer = Issuer()
        app = _app(service, _NOWHERE, tmp_path, issuer)
        callers = [dict[str, str](), issuer.staff(Role.OWNER), issuer.staff(Role.FINANCE), issuer.runner(_SOME_ID)]
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        statuses: dict[str, set[int]] = {}
        async with httpx.AsyncClient(transport=transport, base_url="http://startline.test") as client:
            for route in (each for each in api_routes(app) if _is_read(each, service)):
                path = _PARAMETER.sub(str(_SOME_ID), str(route.path_format))
                answers = [await client.get(path, headers=caller) for caller in callers]
                statuses[path] = {answer.status_code for answer in answers}
        assert {path: found for path, found in statuses.items() if HTTPStatus.INTERNAL_SERVER_ERROR in found} == {}
        assert [path for path, found in statuses.items() if HTTPStatus.SERVICE_UNAVAILABLE not in found] == []
        await app.state.database.close()

    async def _started(self, service: AnyService, url: str, monkeypatch: pytest.MonkeyPatch, folder: Path) -> FastAPI:
        for name, value in environment(service, url, folder).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr("chassis.service.configure_logging", lambda _: None)
        return service.create_app()

    def test_the_worker_starts_from_the_environment(
        self, service: AnyService, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        started: list[tuple[str, int]] = []

        def run(_: Any, build: Any, *, port: int) -> None:
            started.append((build(InProcessTransport()).database.service, port))

        for name, value in environment(service, _NOWHERE, tmp_path).items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(process, "run_worker", run)
        monkeypatch.setattr("chassis.service.configure_logging", lambda _: None)
        service.run_worker()
        assert started == [(service.name, 0)]

    async def test_every_job_of_the_worker_finds_nothing_to_do_on_an_empty_database(
        self, service: AnyService, fresh_database: FreshDatabase, tmp_path: Path
    ) -> None:
        given = environment(service, await fresh_database(service.name), tmp_path)
        settings = service.settings(**{name.lower(): value for name, value in given.items()})
        database = service.open_database(settings.database_url)
        for job in service.periodic(settings, database):
            await asyncio.wait_for(job.run(), 20)
        await database.close()

    async def test_the_worker_refuses_handlers_that_are_not_its_subscriptions(
        self, service: AnyService, tmp_path: Path
    ) -> None:
        given = environment(service, _NOWHERE, tmp_path)
        settings = service.settings(**{name.lower(): value for name, value in given.items()})
        database = service.open_database(settings.database_url)
        assert service.handlers.kinds == {(each.TYPE, each.VERSION) for each in service.subscriptions}
        assert isinstance(service.build_worker(settings, database, InProcessTransport()), Worker)
        incomplete = type(service.handlers)()
        if service.subscriptions:
            with pytest.raises(HandlersDiffer):
                Worker(database, InProcessTransport(), incomplete)
        await database.close()

    # --- the audit log

    async def test_administrators_read_the_audit_log_and_others_do_not(
        self, service: AnyService, fresh_database: FreshDatabase, tmp_path: Path
    ) -> None:
        issuer = Issuer()
        app = _app(service, await fresh_database(service.name), tmp_path, issuer)
        # Identity would verify its own tokens only.
        keys = keys_over_http(issuer.http(), "http://identity.test/jwks")
        app.state.verifiers = {TokenKind.STAFF: staff_verifier(keys)}
        async with app.state.database.work() as work:
            await work.audit("staff:1", "example.change", "example:1", before={"state": "a"}, after={"state": "b"})
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url=f"http://startline.test{service.path}/v1") as client:
            for role in Role:
                answers = [await client.get(path, headers=issuer.staff(role)) for path in ("/audit", "/audit.csv")]
                allowed = HTTPStatus.OK if role in (Role.OWNER, Role.ADMIN) else HTTPStatus.FORBIDDEN
                assert {answer.status_code for answer in answers} == {allowed}
            query, admin = {"action": "example"}, issuer.staff(Role.ADMIN)
            [entry] = (await client.get("/audit", params=query, headers=admin)).json()["items"]
        assert (entry["before"], entry["after"], entry["details"]) == ({"state": "a"}, {"state": "b"}, {})
        await app.state.database.close()

    # --- errors

    def test_every_error_has_a_code_of_its_own(self, service: AnyService) -> None:
        codes = [each.code for each in (*errors_of(service.name), *errors_of("chassis"))]
        assert sorted(codes) == sorted(set(codes))

    def test_every_error_is_documented_with_a_route(self, service: AnyService, apps: Mapping[str, FastAPI]) -> None:
        documented = str(apps[service.name].openapi()["paths"])
        assert [each.code for each in errors_of(service.name) if f"`{each.code}`" not in documented] == []
