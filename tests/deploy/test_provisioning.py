"""Logins that open one service's data and nothing else."""

import re
import secrets
from collections.abc import AsyncIterator, Mapping
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import pytest
from contracts.topology import LISTENERS, Names
from pydantic import SecretStr
from standalone.databases import Server, drop_databases
from standalone.provisioning.broker import permissions
from standalone.provisioning.databases import DOCTOR, provision_databases
from standalone.services import SERVICES
from testkit.servers import Server as FoundServer

LOGINS = (*(service.name for service in SERVICES), DOCTOR)


def _passwords() -> Mapping[str, SecretStr]:
    return {login: SecretStr(f"it's {secrets.token_urlsafe(12)}") for login in LOGINS}


@pytest.fixture
async def server(postgres_server: FoundServer) -> AsyncIterator[Server]:
    server = Server(postgres_server.url, f"provisioned_{secrets.token_hex(4)}_")
    yield server
    await drop_databases(server)
    admin = await asyncpg.connect(server.url)
    for login in LOGINS:
        await admin.execute(f'DROP ROLE IF EXISTS "{server.name(login)}"')
    await admin.close()


async def _connect(
    server: Server, login: str, password: SecretStr, database: str
) -> "asyncpg.Connection[asyncpg.Record]":
    url = urlunsplit(urlsplit(server.url)._replace(path=f"/{server.name(database)}"))
    return await asyncpg.connect(url, user=server.name(login), password=password.get_secret_value())


async def test_a_login_opens_its_own_database_only(server: Server) -> None:
    passwords = _passwords()
    await provision_databases(server, passwords)
    for login in ("registration", "payment"):
        own = await _connect(server, login, passwords[login], login)
        await own.execute("CREATE TABLE mine (id int)")
        await own.close()
        for other in {service.name for service in SERVICES} - {login}:
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await _connect(server, login, passwords[login], other)


async def test_the_doctor_reads_everything_and_changes_nothing(server: Server) -> None:
    passwords = _passwords()
    await provision_databases(server, passwords)
    owner = await _connect(server, "payment", passwords["payment"], "payment")
    await owner.execute("CREATE TABLE invoices (id int)")
    await owner.close()
    doctor = await _connect(server, DOCTOR, passwords[DOCTOR], "payment")
    assert await doctor.fetch("SELECT * FROM invoices") == []
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await doctor.execute("DELETE FROM invoices")
    await doctor.execute("SET default_transaction_read_only = off")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await doctor.execute("DELETE FROM invoices")
    await doctor.close()


async def test_provisioning_again_keeps_the_data(server: Server) -> None:
    first = _passwords()
    await provision_databases(server, first)
    own = await _connect(server, "identity", first["identity"], "identity")
    await own.execute("CREATE TABLE staff AS SELECT 'Ani' AS name")
    await provision_databases(server, _passwords())
    assert await own.fetchval("SELECT name FROM staff") == "Ani"
    await own.close()


@pytest.mark.parametrize("service", LISTENERS)
def test_a_user_reaches_its_own_queues_and_the_shared_exchange(service: str) -> None:
    names = Names()
    allowed = permissions(service, names)
    everything = {names.exchange, names.dead_exchange, "amq.default", "registrationXevents"} | {
        queue for each in LISTENERS for queue in (names.queue(each), names.dead_queue(each))
    }

    def reached(what: str) -> set[str]:
        return {name for name in everything if re.search(allowed[what], name)}

    assert reached("configure") == set()
    assert reached("write") == {names.exchange}
    assert reached("read") == {names.queue(service), names.dead_queue(service)}


def test_a_service_that_hears_nothing_may_publish_and_read_no_queue() -> None:
    assert "identity" not in LISTENERS
    assert permissions("identity", Names()) == {"configure": "^$", "write": r"^startline\.events$", "read": "^$"}
