"""The service as a whole: its tables, its settings, its processes, its errors."""

import asyncio
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from chassis.errors import StartlineError
from chassis.migrations import downgrade, drift, upgrade
from chassis.secrets import new_key
from chassis.settings import MissingSettings, load
from chassis.transports import InProcessTransport
from identity.service import SERVICE
from identity.settings import Settings
from identity.tables import Base
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from testkit.polling import eventually

from .identity_world import HOME, Office

TABLES = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'alembic_version'"


async def test_the_migrations_and_the_tables_in_code_agree(office: Office) -> None:
    assert list(await asyncio.to_thread(drift, office.settings.database_url, Base.metadata)) == []
    assert {row.tablename for row in await office.rows(TABLES)} == set(Base.metadata.tables)


async def test_migrations_go_down_to_nothing_and_up_again(office: Office) -> None:
    url = office.settings.database_url
    await asyncio.to_thread(downgrade, url, "identity")
    assert not await office.rows(TABLES)
    await asyncio.to_thread(upgrade, url, "identity")
    assert await office.rows(TABLES)


async def test_the_database_itself_holds_the_rules_of_staff(office: Office) -> None:
    await office.hire()
    good = {"name": "Sari", "email": "sari@example.com", "role": "admin", "password_hash": "$argon2id$x"}
    wrong = [
        ({"name": ""}, "ck_staff_name_not_empty"),
        ({"email": "nobody"}, "ck_staff_email_form"),
        ({"email": "OWNER@example.com"}, "uq_staff_email"),
        ({"role": "boss"}, "ck_staff_role"),
        ({"password_hash": "plain"}, "ck_staff_password_hashed"),
    ]
    for change, rule in wrong:
        with pytest.raises(IntegrityError, match=rule):
            await insert_staff(office, {**good, **change})
    await insert_staff(office, good)


async def insert_staff(office: Office, row: dict[str, str]) -> None:
    columns = "(id, name, email, password_hash, role, is_active, created_at, updated_at)"
    values = "(gen_random_uuid(), :name, :email, :password_hash, :role, true, now(), now())"
    async with office.database.work() as work:
        await work.session.execute(text(f"INSERT INTO staff {columns} VALUES {values}"), row)


def every_error(kind: type[StartlineError] = StartlineError) -> Iterator[type[StartlineError]]:
    for each in kind.__subclasses__():
        yield each
        yield from every_error(each)


def test_error_codes_are_unique() -> None:
    codes = [each.code for each in every_error() if each.__module__.startswith("identity.")]
    assert len(codes) == 8
    assert len(set(codes)) == len(codes)


async def test_every_error_is_documented(office: Office) -> None:
    documented = str(office.app.openapi()["paths"])
    for each in every_error():
        if each.__module__.startswith("identity."):
            assert f"`{each.code}`" in documented


def test_the_weakest_password_settings_are_still_strong() -> None:
    needed: dict[str, Any] = {"database_url": "postgresql://x", "broker_url": "amqp://x", "secret_keys": new_key()}
    for field, weak in (("password_memory_kib", 19455), ("password_passes", 1), ("access_token_minutes", 61)):
        with pytest.raises(ValueError, match=field):
            Settings(**{**needed, field: weak})


def test_a_start_without_settings_names_all_that_are_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DATABASE_URL", "BROKER_URL", "SECRET_KEYS"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(MissingSettings) as refused:
        load(Settings)
    for name in ("DATABASE_URL", "BROKER_URL", "SECRET_KEYS"):
        assert name in str(refused.value)


async def test_the_application_starts_from_its_environment(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", office.settings.database_url)
    monkeypatch.setenv("BROKER_URL", "amqp://unused")
    monkeypatch.setenv("SECRET_KEYS", office.settings.secret_keys.get_secret_value())
    monkeypatch.setattr("chassis.service.configure_logging", lambda level: None)
    app = SERVICE.create_app()
    async with app.router.lifespan_context(app):
        assert app.openapi()["info"]["title"] == "Startline identity"


async def test_the_worker_starts_does_its_rounds_and_stops(office: Office, idle_transport: InProcessTransport) -> None:
    await office.hire()
    await office.try_login("nobody@example.com", source=HOME)
    office.clock.advance(timedelta(days=2))
    worker = SERVICE.build_worker(office.settings, office.database, idle_transport)
    # when
    await worker.start()
    # then

    async def forgotten() -> bool:
        return not await office.rows("SELECT 1 FROM login_throttles")

    await eventually(forgotten)
    await worker.stop()
