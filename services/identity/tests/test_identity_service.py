"""The service as a whole: its tables, its settings, its worker."""

from datetime import timedelta
from typing import Any

import pytest
from chassis.secrets import new_key
from chassis.transports import InProcessTransport
from identity.service import SERVICE
from identity.settings import Settings
from sqlalchemy.exc import IntegrityError
from testkit.polling import eventually

from .identity_driver import HOME, IdentityDriver


async def test_the_database_enforces_the_rules_of_staff(driver: IdentityDriver) -> None:
    await driver.add_member()
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
            await insert_staff(driver, {**good, **change})
    await insert_staff(driver, good)


async def insert_staff(driver: IdentityDriver, row: dict[str, str]) -> None:
    columns = "(id, name, email, password_hash, role, is_active, created_at, updated_at)"
    values = "(gen_random_uuid(), :name, :email, :password_hash, :role, true, now(), now())"
    await driver.execute(f"INSERT INTO staff {columns} VALUES {values}", **row)


def test_the_weakest_password_settings_are_still_strong() -> None:
    needed: dict[str, Any] = {"database_url": "postgresql://x", "broker_url": "amqp://x", "secret_keys": new_key()}
    for field, weak in (("password_memory_kib", 19455), ("password_passes", 1), ("access_token_minutes", 61)):
        with pytest.raises(ValueError, match=field):
            Settings(**{**needed, field: weak})


async def test_the_worker_deletes_old_throttles(driver: IdentityDriver, idle_transport: InProcessTransport) -> None:
    await driver.add_member()
    await driver.try_log_in("nobody@example.com", source=HOME)
    driver.clock.advance(timedelta(days=2))
    worker = SERVICE.build_worker(driver.settings, driver.database, idle_transport)
    # when
    await worker.start()
    # then

    async def forgotten() -> bool:
        return not await driver.rows("SELECT 1 FROM login_throttles")

    await eventually(forgotten)
    await worker.stop()
