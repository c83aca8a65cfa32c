"""Particular migrations, and the checks of the tables."""

import asyncio

import pytest
from chassis.migrations import downgrade, upgrade
from payment.tables import Base
from sqlalchemy import CheckConstraint, Constraint, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import create_async_engine
from testkit.plugin import FreshDatabase

from .payment_driver import PaymentDriver

_CHECKED = "SELECT convalidated FROM pg_constraint WHERE conname = 'ck_payments_submitted_by'"


async def test_no_payment_is_read_while_the_table_is_locked_for_a_new_check(fresh_database: FreshDatabase) -> None:
    url = await fresh_database("payment")
    await asyncio.to_thread(downgrade, url, "payment", "0001")
    await asyncio.to_thread(upgrade, url, "payment", "0002")
    assert await _value(url, _CHECKED) is False
    await asyncio.to_thread(upgrade, url, "payment")
    assert await _value(url, _CHECKED) is True


async def test_an_interrupted_validation_of_old_payments_is_resumed(fresh_database: FreshDatabase) -> None:
    url = await fresh_database("payment")
    await _value(url, "UPDATE alembic_version SET version_num = '0004' RETURNING 1")
    await asyncio.to_thread(upgrade, url, "payment")
    assert await _value(url, _CHECKED) is True


async def _value(url: str, statement: str) -> object:
    engine = create_async_engine(url)
    async with engine.begin() as connection:
        found: object = await connection.scalar(text(statement))
    await engine.dispose()
    return found


_OURS = ("invoices", "payments", "refunds", "payment_settings")


async def test_the_checks_in_code_are_those_in_the_database(driver: PaymentDriver) -> None:
    checks = "SELECT conname FROM pg_constraint WHERE contype = 'c' AND conrelid::regclass::text = ANY(:tables)"
    found = {row["conname"] for row in await driver.rows(checks, tables=list(_OURS))}
    constraints = {table: Base.metadata.tables[table].constraints for table in _OURS}
    meant = {
        f"ck_{table}_{_without_metadata(each)}" for table in _OURS for each in constraints[table] if _is_check(each)
    }
    assert found == meant


def _is_check(constraint: Constraint) -> bool:
    return isinstance(constraint, CheckConstraint)


def _without_metadata(constraint: Constraint) -> str:
    name = str(constraint.name)
    return name.rpartition(f"ck_{constraint.table.name}_")[2]


_HELD = "held_by = gen_random_uuid(), held_at = now(), held_revision = 1"

_REFUSED = [
    "INSERT INTO payment_settings (id, payment_deadline_hours, updated_at) VALUES (2, 24, now())",
    "INSERT INTO payment_settings (id, payment_deadline_hours, updated_at) VALUES (1, 24, now())",
    "UPDATE payment_settings SET payment_deadline_hours = 0",
    "UPDATE payment_settings SET payment_deadline_hours = 721",
    "UPDATE invoices SET status = 'lost'",
    "UPDATE invoices SET amount = -1",
    "UPDATE invoices SET currency = 'Rp'",
    "UPDATE invoices SET registration_ended = 'expired', status = 'open'",
    "UPDATE invoices SET status = 'expired'",
    "UPDATE invoices SET status = 'expired', registration_ended = 'cancelled'",
    "UPDATE payments SET amount = 0",
    "UPDATE payments SET payment_method = 'cash'",
    "UPDATE payments SET status = 'verified'",
    "UPDATE payments SET status = 'rejected', rejected_at = now(), rejected_by = gen_random_uuid()",
    "UPDATE payments SET verified_at = now(), verified_by = gen_random_uuid()",
    "UPDATE payments SET submitted_by = 'somebody'",
    "UPDATE payments SET notes = repeat('n', 2001)",
    "UPDATE payments SET leased_by = gen_random_uuid()",
    f"UPDATE payments SET held_outcome = 'verified', {_HELD}",
    f"UPDATE payments SET held_outcome = 'verified', held_until = now(), held_reason = 'x', {_HELD}",
    f"UPDATE payments SET held_outcome = 'rejected', held_until = now(), {_HELD}",
    f"UPDATE payments SET held_outcome = 'lost', held_until = now(), {_HELD}",
    "INSERT INTO refunds (payment_id, reason, due_at) VALUES (gen_random_uuid(), 'x', now())",
    "INSERT INTO refunds (payment_id, reason, due_at, done_at) SELECT id, 'x', now(), now() FROM payments",
    "DELETE FROM invoices",
]


async def test_the_database_refuses_impossible_rows(driver: PaymentDriver) -> None:
    await driver.register_and_upload()
    for statement in _REFUSED:
        with pytest.raises(IntegrityError):
            await driver.execute(statement)
