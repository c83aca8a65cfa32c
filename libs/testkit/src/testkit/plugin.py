"""The pytest plugin: servers for the session, and a database and broker names for each test.

Session fixtures are sync on purpose: every test has its own event loop, which a session fixture would outlive.
"""

import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TypeAlias

import pytest
from embedded.chromium import find_or_install_chromium
from embedded.errors import NotInstalled

from testkit.apps import share_included_routers
from testkit.brokers import BrokerPrefix, purge
from testkit.databases import Databases
from testkit.logs import log_plainly
from testkit.servers import Server, find_postgres, find_rabbitmq
from testkit.threads import run_apart

pytest.register_assert_rewrite("testkit.contract")

FreshDatabase: TypeAlias = Callable[[str], Awaitable[str]]

_FOUND = pytest.StashKey[list[str]]()


share_included_routers()
log_plainly()


@pytest.fixture(scope="session")
def postgres_server(pytestconfig: pytest.Config) -> Iterator[Server]:
    """Provide a PostgreSQL on which databases may be created; `url` is the administrator's."""
    server = find_postgres()
    _note(pytestconfig, server.where)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def databases(postgres_server: Server) -> Iterator[Databases]:
    """Provide the databases of this run. Databases of earlier runs that were killed are dropped first."""
    databases = Databases(postgres_server.url)
    run_apart(databases.sweep())
    yield databases
    run_apart(databases.drop_all())


@pytest.fixture(scope="session")
def rabbitmq_url(pytestconfig: pytest.Config) -> Iterator[str]:
    """Provide a RabbitMQ whose user may declare exchanges and queues. It may be shared: use `broker_prefix`."""
    server = find_rabbitmq()
    _note(pytestconfig, server.where)
    yield server.url
    server.stop()


@pytest.fixture
async def fresh_database(databases: Databases) -> AsyncIterator[FreshDatabase]:
    """Provide a function: `await fresh_database("payment")` returns the URL of an empty, migrated database."""
    given: list[str] = []

    async def fresh(service: str) -> str:
        template = await databases.template(service, partial(_migrate, service))
        given.append(await databases.clone(template))
        return given[-1]

    yield fresh
    for url in given:
        await databases.drop(url)


@pytest.fixture
async def broker_prefix(rabbitmq_url: str) -> AsyncIterator[BrokerPrefix]:
    """Provide a prefix for this test's exchanges and queues; they are deleted afterwards."""
    prefix = BrokerPrefix.new()
    yield prefix
    await purge(rabbitmq_url, prefix.names)


@pytest.fixture(scope="session")
def chromium(pytestconfig: pytest.Config) -> Path:
    """Provide Chromium. Where it is missing, tests that need it are reported as not run.

    They fail instead if CI or BROWSER_REQUIRED is set.
    """
    try:
        found = find_or_install_chromium()
    except NotInstalled as missing:
        _note(pytestconfig, f"NOT RUN: tests in a browser. {missing}")
        if os.environ.get("CI") or os.environ.get("BROWSER_REQUIRED"):
            raise
        pytest.skip(f"not run: {missing}")
    _note(pytestconfig, f"Chromium: {found}")
    return found


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Report which servers and which browser the tests used."""
    for line in config.stash.get(_FOUND, []):
        terminalreporter.write_line(line)


def _note(config: pytest.Config, line: str) -> None:
    config.stash.setdefault(_FOUND, []).append(line)


def _migrate(service: str, url: str) -> None:
    from chassis.migrations import upgrade  # noqa: PLC0415  # only tests with a database need Alembic

    upgrade(url, service)
