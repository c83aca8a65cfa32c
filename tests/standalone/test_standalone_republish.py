"""The command that sends events again says what it did, and refuses what it cannot do."""

from argparse import ArgumentParser
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import asyncpg
import pytest
from contracts import PaymentVerified, RegistrationCreated
from standalone.databases import Server, drop_databases, migrate
from standalone.settings import StandaloneSettings
from testkit.golden import golden
from testkit.servers import Server as FoundServer
from testkit.threads import run_apart

from standalone import republish

ALL = ("identity", "registration", "payment", "notification", "checkin")
_SENT = {"registration": golden(RegistrationCreated), "payment": golden(PaymentVerified)}


@pytest.fixture(scope="module")
def since(server: Server) -> str:
    """The moment at which the first event was sent, when every service kept events."""
    [row] = rows(server, "registration", "SELECT min(sent_at) AS began FROM sent_events")
    return str(row["began"].isoformat())


@pytest.fixture(scope="module")
def server(postgres_server: FoundServer) -> Iterator[Server]:
    """The databases of a platform whose services have each sent an event."""
    found = Server(postgres_server.url, f"republish_{uuid4().hex[:8]}_")
    migrate(found)
    for service, event in _SENT.items():
        rows(found, service, "INSERT INTO outbox (queue, payload) VALUES ('events', $1)", event.to_bytes())
        rows(found, service, "DELETE FROM outbox")
    yield found
    run_apart(drop_databases(found))


def rows(server: Server, service: str, statement: str, *values: Any) -> list[Any]:
    async def fetch() -> list[Any]:
        connection = await asyncpg.connect(server.url_of(service).replace("+asyncpg", ""))
        try:
            return list(await connection.fetch(statement, *values))
        finally:
            await connection.close()

    return run_apart(fetch())


def call(server: Server, *arguments: str) -> int:
    """Run the command; its exit code."""
    parser = ArgumentParser()
    republish.add_to(parser)
    settings = StandaloneSettings(database_url=server.url, startline_database_prefix=server.prefix)
    return republish.run(settings, parser.parse_args(arguments))


def waiting(server: Server) -> int:
    return sum(len(rows(server, service, "SELECT 1 FROM outbox")) for service in ALL)


def test_a_trial_counts_and_leaves_the_outboxes_alone(
    server: Server, since: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(server, "--since", since, "--dry-run") == 0

    assert capsys.readouterr().out.splitlines() == [
        "registration\tregistration.created\t1",
        "payment\tpayment.verified\t1",
        "2 events would be sent again.",
    ]
    assert waiting(server) == 0


def test_the_events_of_one_service_or_of_all_go_back_into_their_outboxes(
    server: Server, since: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert call(server, "--since", since, "--service", "payment") == 0
    assert capsys.readouterr().out.splitlines() == [
        "payment\tpayment.verified\t1",
        "1 events wait in the outboxes to be sent again.",
    ]
    assert waiting(server) == 1

    assert call(server, "--since", since) == 0
    assert capsys.readouterr().out.endswith("\n2 events wait in the outboxes to be sent again.\n")
    assert waiting(server) == 2
    [audited] = rows(server, "registration", "SELECT actor, subject FROM audit_log WHERE action = 'events.republish'")
    assert tuple(audited) == ("operator", "registration")


@pytest.mark.parametrize("moment", ["2026-11-28T14:20", "2026-11-28", "yesterday", ""])
def test_a_moment_without_a_time_zone_is_refused(
    server: Server, moment: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stopped:
        call(server, "--since", moment)

    assert stopped.value.code == 2
    assert "2026-11-28T14:20+07:00" in capsys.readouterr().err


def test_a_moment_from_before_events_were_kept_is_refused_by_all_services_before_any_is_changed(
    server: Server, since: str, capsys: pytest.CaptureFixture[str]
) -> None:
    rows(server, "registration", "DELETE FROM outbox")
    before = waiting(server)
    rows(server, "identity", f"ALTER TABLE sent_events DETACH PARTITION sent_events_{today()}")
    try:
        assert call(server, "--since", since) == 1
    finally:
        rows(server, "identity", f"DROP TABLE sent_events_{today()}")
        rows(server, "identity", "SELECT make_sent_events_partitions()")

    assert capsys.readouterr().out.startswith("startline: identity kept no events that were sent at ")
    assert waiting(server) == before


def today() -> str:
    return datetime.now(UTC).strftime("%Y%m%d")
