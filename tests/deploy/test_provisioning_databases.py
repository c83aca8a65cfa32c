"""Logins that open one service's data and nothing else, and can change rows but no tables."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack

import asyncpg
import pytest
from chassis.database import Database
from pydantic import SecretStr
from standalone.doctor.examination import examine
from standalone.provisioning import databases
from standalone.provisioning.databases import DOCTOR, keep_out_of_log, owner_of, provision_databases
from standalone.services import SERVICES
from testkit.polling import eventually

from .provisioned import Provisioned, on_asyncpg
from .usdt_in_trouble import FORGET, TROUBLE

pytestmark = [pytest.mark.integration]

DENIED = asyncpg.InsufficientPrivilegeError


@pytest.mark.parametrize("service", [each.name for each in SERVICES])
async def test_a_login_opens_its_own_database_only(provisioned: Provisioned, service: str) -> None:
    own = await provisioned.connect(service, service)
    await own.close()
    for other in [*(each.name for each in SERVICES if each.name != service)]:
        with pytest.raises(DENIED):
            await provisioned.connect(service, other)
    for plain in ("postgres", "template1"):
        with pytest.raises(DENIED):
            await provisioned.connect(service, service, plain=plain)


@pytest.mark.parametrize("service", [each.name for each in SERVICES])
@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE audit_log",
        "ALTER TABLE audit_log DISABLE TRIGGER ALL",
        "TRUNCATE outbox",
        "DELETE FROM audit_log",
        "UPDATE audit_log SET actor = 'nobody'",
        "CREATE TABLE mine (id int)",
        "CREATE TEMPORARY TABLE mine (id int)",
        "CREATE INDEX ON outbox (id)",
        "UPDATE alembic_version SET version_num = '0001'",
        "INSERT INTO sent_events VALUES (now(), gen_random_uuid(), 'a.b', '{}')",
        "DELETE FROM sent_events",
        "UPDATE sent_events SET payload = '{}'",
        "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
        "ALTER ROLE current_user CONNECTION LIMIT 1000",
        "SELECT * FROM pg_authid",
        "COPY outbox TO PROGRAM 'cat'",
    ],
)
async def test_a_service_changes_rows_and_nothing_else(provisioned: Provisioned, service: str, statement: str) -> None:
    own = await provisioned.connect(service, service)
    try:
        with pytest.raises(DENIED):
            await own.execute(statement)
    finally:
        await own.close()


@pytest.mark.parametrize("service", [each.name for each in SERVICES])
async def test_a_service_uses_every_table_and_sequence_of_its_own(provisioned: Provisioned, service: str) -> None:
    own = await provisioned.connect(service, service)
    tables = await own.fetch(
        "SELECT c.oid::regclass::text AS name, has_table_privilege(c.oid, 'SELECT, INSERT') AS used,"
        " pg_get_userbyid(c.relowner) AS owner FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') AND NOT c.relispartition"
    )
    sequences = await own.fetch(
        "SELECT sequencename FROM pg_sequences"
        " WHERE NOT has_sequence_privilege(format('public.%I', sequencename), 'USAGE')"
    )
    await own.close()
    assert len(tables) > 5
    assert {row["name"] for row in tables if not row["used"]} <= {"alembic_version"}
    assert {row["owner"] for row in tables} == {f"startline_{service}_owner"}
    assert sequences == []


@pytest.mark.parametrize("service", [each.name for each in SERVICES])
async def test_what_leaves_the_outbox_is_kept_and_its_partitions_are_looked_after(
    provisioned: Provisioned, service: str
) -> None:
    own = await provisioned.connect(service, service)
    transaction = own.transaction()
    await transaction.start()
    try:
        await own.execute("INSERT INTO outbox (queue, payload) VALUES ('events', $1)", b'{"type":"a.b"}')
        await own.execute("DELETE FROM outbox")
        await own.execute("SELECT make_sent_events_partitions(), drop_sent_events_partitions(7)")

        [kept] = await own.fetch("SELECT type, payload FROM sent_events WHERE type = 'a.b'")
        assert kept["payload"] == b'{"type":"a.b"}'
    finally:
        await transaction.rollback()
        await own.close()


async def test_a_service_cannot_use_up_the_servers_connections(provisioned: Provisioned) -> None:
    async with AsyncExitStack() as opened:
        for _ in range(30):
            opened.push_async_callback((await provisioned.connect("checkin", "checkin")).close)

        with pytest.raises(asyncpg.TooManyConnectionsError):
            await provisioned.connect("checkin", "checkin")
        await (await provisioned.connect("payment", "payment")).close()


@pytest.fixture
async def as_doctor(provisioned: Provisioned) -> AsyncIterator[dict[str, Database]]:
    databases = {
        service.name: Database(
            on_asyncpg(provisioned.url(DOCTOR, service.name)),
            service=service.name,
            tables=service.tables,
            pool_size=2,
            pool_overflow=2,
        )
        for service in SERVICES
    }
    yield databases
    for database in databases.values():
        await database.close()


async def test_the_doctor_reads_all_that_it_compares(as_doctor: dict[str, Database]) -> None:
    diagnosis = await examine(as_doctor)
    assert diagnosis.ok


_KEY = "INSERT INTO receiving_keys (id, xpub, xpub_digest, path, state, created_at, created_by) VALUES"
_FAULTS_OF_A_KEY = f"""
    {_KEY} ('00000000-0000-0000-0000-000000000017', 'sealed', sha256('x'), 'm', 'proposed', now(), gen_random_uuid());
    INSERT INTO usdt_key_checks (key_id, checked_at, is_readable, addresses, differing)
    SELECT id, now(), false, 20, '{{3,17}}' FROM receiving_keys
"""


async def test_the_doctor_learns_of_addresses_that_differ_without_their_key(
    provisioned: Provisioned, as_doctor: dict[str, Database]
) -> None:
    admin = await asyncpg.connect(provisioned.url(owner_of("payment"), "payment"))
    await admin.execute(_FAULTS_OF_A_KEY)
    diagnosis = await examine(as_doctor)
    await admin.execute("DELETE FROM usdt_key_checks; DELETE FROM receiving_keys")
    await admin.close()
    found = [(each.code, each.where["index"]) for each in diagnosis.findings]
    assert found == [("usdt_address_differs", 3), ("usdt_address_differs", 17)]
    assert [each.code for each in diagnosis.warnings] == ["usdt_addresses_not_compared"]
    assert (await examine(as_doctor)).ok


async def test_the_doctor_names_each_trouble_with_usdt(
    provisioned: Provisioned, as_doctor: dict[str, Database]
) -> None:
    admin = await asyncpg.connect(provisioned.url(owner_of("payment"), "payment"))
    await admin.execute(TROUBLE)
    diagnosis = await examine(as_doctor)
    await admin.execute(FORGET)
    await admin.close()
    codes = {each.code for each in diagnosis.findings} | {each.code for each in diagnosis.warnings}
    assert codes >= {"usdt_differs", "usdt_unsettled", "usdt_taken_back", "network_stopped", "network_in_trouble"}
    assert (await examine(as_doctor)).ok


@pytest.mark.parametrize(
    ("service", "table"),
    [
        ("identity", "staff"),
        ("identity", "signing_keys"),
        ("registration", "signing_keys"),
        ("registration", "idempotency_keys"),
        ("notification", "notification_settings"),
        ("payment", "payment_settings"),
        ("payment", "receiving_keys"),
        ("checkin", "stations"),
        ("registration", "audit_log"),
    ],
)
async def test_the_doctor_reads_nothing_else(provisioned: Provisioned, service: str, table: str) -> None:
    doctor = await provisioned.connect(DOCTOR, service)
    admin = await asyncpg.connect(provisioned.url(owner_of(service), service))
    there = await admin.fetchval("SELECT to_regclass($1)", table)
    await admin.close()
    try:
        assert there, "the test names a table that there is not"
        with pytest.raises(DENIED):
            await doctor.fetch(f"SELECT * FROM {table}")
    finally:
        await doctor.close()


async def test_the_doctor_changes_nothing(provisioned: Provisioned) -> None:
    doctor = await provisioned.connect(DOCTOR, "payment")
    try:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            await doctor.execute("DELETE FROM invoices")
        await doctor.execute("SET default_transaction_read_only = off")
        with pytest.raises(DENIED):
            await doctor.execute("DELETE FROM invoices")
        with pytest.raises(DENIED):
            await doctor.fetch("SELECT * FROM pg_authid")
    finally:
        await doctor.close()


async def test_an_installation_whose_services_owned_their_tables_is_handed_over(provisioned: Provisioned) -> None:
    admin = await asyncpg.connect(provisioned.server.url_of("checkin").replace("+asyncpg", ""))
    await admin.execute("CREATE TABLE kept AS SELECT 'Ani' AS name")
    await admin.execute("ALTER TABLE kept OWNER TO startline_checkin")
    await admin.execute("GRANT pg_read_all_data TO startline_doctor")
    await admin.close()

    own = await provisioned.connect("checkin", "checkin")
    try:
        await provision_databases(provisioned.server, provisioned.passwords, connections=30)
        assert await own.fetchval("SELECT name FROM kept") == "Ani", "what runs goes on before its migrations"
        await own.execute("INSERT INTO kept VALUES ('Bima')")
        await asyncio.to_thread(provisioned.migrate)
        assert await own.fetchval("SELECT count(*) FROM kept") == 2
        with pytest.raises(DENIED):
            await own.execute("DROP TABLE kept")
    finally:
        await own.close()
    doctor = await provisioned.connect(DOCTOR, "checkin")
    try:
        with pytest.raises(DENIED):
            await doctor.fetch("SELECT * FROM kept")
    finally:
        await doctor.close()


async def test_tables_are_handed_over_while_a_transaction_uses_two_of_them(provisioned: Provisioned) -> None:
    """As every event does: it locks a row of the service's, then writes the outbox."""
    admin = await asyncpg.connect(provisioned.server.url_of("payment").replace("+asyncpg", ""))
    for table in ("a_outbox", "b_invoices"):
        await admin.execute(f"CREATE TABLE {table} AS SELECT 1 AS id")
        await admin.execute(f"ALTER TABLE {table} OWNER TO startline_payment")
    own = await provisioned.connect("payment", "payment")
    transaction = own.transaction()
    try:
        await transaction.start()
        await own.execute("SELECT 1 FROM b_invoices FOR UPDATE")
        handing_over = asyncio.create_task(
            provision_databases(provisioned.server, provisioned.passwords, connections=30)
        )
        await eventually(lambda: _waits_for(admin, "b_invoices"))

        await asyncio.wait_for(own.execute("INSERT INTO a_outbox VALUES (2)"), 5)
        await transaction.commit()

        await asyncio.wait_for(handing_over, 30)
        owners = await admin.fetch("SELECT tableowner FROM pg_tables WHERE tablename IN ('a_outbox', 'b_invoices')")
        assert [row["tableowner"] for row in owners] == ["startline_payment_owner"] * 2
        assert await own.fetchval("SELECT count(*) FROM a_outbox") == 2
    finally:
        await own.close()
        await admin.execute("DROP TABLE IF EXISTS a_outbox, b_invoices")
        await admin.close()


async def _waits_for(admin: "asyncpg.Connection[asyncpg.Record]", table: str) -> bool:
    waiting = "SELECT 1 FROM pg_locks WHERE NOT granted AND relation = $1::regclass"
    return await admin.fetchval(waiting, table) is not None


async def test_a_table_of_an_administrator_stops_no_release_and_is_not_given_away(provisioned: Provisioned) -> None:
    admin = await asyncpg.connect(provisioned.server.url_of("payment").replace("+asyncpg", ""))
    await admin.execute("CREATE TABLE notes (id serial, said text)")
    try:
        await asyncio.to_thread(provisioned.migrate)
        own = await provisioned.connect("payment", "payment")
        with pytest.raises(DENIED):
            await own.fetch("SELECT * FROM notes")
        await own.close()
    finally:
        await admin.execute("DROP TABLE notes")
        await admin.close()


async def test_a_password_that_is_changed_holds_from_then_on(provisioned: Provisioned) -> None:
    newer = {**provisioned.passwords, "payment": SecretStr("it's another")}
    await provision_databases(provisioned.server, newer, connections=30)
    try:
        with pytest.raises(asyncpg.InvalidPasswordError):
            await provisioned.connect("payment", "payment")
    finally:
        await provision_databases(provisioned.server, provisioned.passwords, connections=30)


async def test_two_calls_at_once_both_succeed_and_leave_no_password_in_the_log(provisioned: Provisioned) -> None:
    for _ in range(5):
        await asyncio.gather(
            *(provision_databases(provisioned.server, provisioned.passwords, connections=30) for _ in range(3))
        )

    log = provisioned.log.read_text()
    assert "starting PostgreSQL" in log
    assert not [login for login, password in provisioned.passwords.items() if password.get_secret_value() in log]


async def test_a_statement_that_fails_while_it_holds_a_verifier_is_not_logged(provisioned: Provisioned) -> None:
    admin = await asyncpg.connect(provisioned.server.url)
    try:
        await keep_out_of_log(admin)
        with pytest.raises(asyncpg.UndefinedObjectError):
            await admin.execute("ALTER ROLE nowhere PASSWORD 'SCRAM-SHA-256$4096:c2FsdA==$a:b'")
    finally:
        await admin.close()

    assert "ALTER ROLE nowhere" not in provisioned.log.read_text()


async def test_another_call_at_work_is_waited_for_and_then_named(
    provisioned: Provisioned, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(databases, "_LOCK_SECONDS", 1)
    admin = await asyncpg.connect(provisioned.server.url)
    try:
        await admin.execute(f"SELECT pg_advisory_lock({databases._LOCK_ID})")
        with pytest.raises(TimeoutError, match="another `provision`"):
            await provision_databases(provisioned.server, provisioned.passwords, connections=30)
    finally:
        await admin.close()


async def test_what_a_login_set_for_its_later_sessions_is_undone(provisioned: Provisioned) -> None:
    own = await provisioned.connect("payment", "payment")
    await own.execute("ALTER ROLE CURRENT_USER SET search_path = nowhere")
    await own.execute("ALTER ROLE CURRENT_USER IN DATABASE startline_payment SET default_transaction_read_only = on")
    await own.close()

    await provision_databases(provisioned.server, provisioned.passwords, connections=30)

    own = await provisioned.connect("payment", "payment")
    try:
        assert await own.fetchval("SHOW search_path") == '"$user", public'
        assert await own.fetchval("SHOW default_transaction_read_only") == "off"
    finally:
        await own.close()
    doctor = await provisioned.connect(DOCTOR, "payment")
    try:
        assert await doctor.fetchval("SHOW default_transaction_read_only") == "on", "its own setting stays"
    finally:
        await doctor.close()


@pytest.mark.parametrize("login", ["payment", owner_of("payment"), DOCTOR])
@pytest.mark.parametrize("statement", ["SELECT lo_create(0)", "SELECT lo_from_bytea(0, 'x')", "SELECT lo_open(1, 1)"])
async def test_no_login_stores_large_objects(provisioned: Provisioned, login: str, statement: str) -> None:
    own = await provisioned.connect(login, "payment")
    try:
        await own.execute("SET default_transaction_read_only = off")
        with pytest.raises(DENIED):
            await own.execute(statement)
    finally:
        await own.close()
