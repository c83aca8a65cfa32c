"""Rows and events become true together, or not at all; and nobody is told before they are."""

import asyncio
from datetime import UTC
from uuid import uuid4

import pytest
from chassis.auth.access import public
from chassis.database import Database, UnitOfWork, already_stored, is_unavailable
from chassis.errors import NotYet, OutcomeUnknown, StartlineError
from chassis.inbox import Inbox
from chassis.telemetry import correlated
from chassis.web.dependencies import Read, Work
from chassis.web.routing import Router
from contracts import RefundDue, parse
from sqlalchemy import TextClause, insert, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession
from testkit.clocks import ManualClock
from testkit.example.service import (
    OWNER,
    SERVICE,
    Browse,
    BuildApp,
    Connect,
    cancelled,
    effects,
    example_handlers,
    rows,
)
from testkit.example.tables import REFUSED_AT_COMMIT, Runner, service_tables
from testkit.golden import golden
from testkit.servers import Server
from testkit.tcp_proxy import TcpProxy

router = Router(prefix="/runners", dependencies=[public])


@router.post("/{number}", status_code=201)
async def sign_up(number: int, work: Work) -> dict[str, int]:
    """Store a runner and tell the world."""
    await add_runner(work, number)
    return {"number": number}


@router.get("")
async def count(session: Read) -> int:
    """How many runners there are."""
    return len((await session.execute(select(Runner.id))).all())


class Conflict(StartlineError):
    """Somebody was faster."""

    code = "conflict"


async def add_runner(work: UnitOfWork, number: int, email: str | None = None) -> None:
    values = {"id": uuid4(), "email": email or f"{uuid4().hex}@example.com", "number": number}
    await work.session.execute(insert(Runner).values(values))
    work.publish(golden(RefundDue).payload, subject=uuid4())


async def stored(database: Database) -> tuple[int, int]:
    """Runners, and events about them."""
    return await rows(database, Runner.metadata.tables["runners"]), await rows(database, service_tables.outbox)


async def test_a_command_that_ends_well_leaves_its_rows_and_its_events(database: Database) -> None:
    async with database.work() as work:
        await add_runner(work, 1)
        work.publish(golden(RefundDue).payload, subject=uuid4())

    assert await stored(database) == (1, 2)


async def test_a_command_that_fails_leaves_neither_rows_nor_events(database: Database) -> None:
    async def command() -> None:
        async with database.work() as work:
            await add_runner(work, 1)
            await work.write_events()
            raise LookupError("something is missing")

    with pytest.raises(LookupError):
        await command()

    assert await stored(database) == (0, 0)


async def test_a_command_that_is_cancelled_leaves_neither_rows_nor_events(database: Database) -> None:
    reached = asyncio.Event()

    async def command() -> None:
        async with database.work() as work:
            await add_runner(work, 1)
            reached.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(command())
    await reached.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    assert await stored(database) == (0, 0)


async def test_rows_and_events_become_visible_to_others_in_the_same_moment(
    database: Database, connect: Connect, url: str
) -> None:
    others = connect(url)
    async with database.work() as work:
        await add_runner(work, 1)
        await work.write_events()
        await work.session.flush()
        assert await stored(others) == (0, 0)

    assert await stored(others) == (1, 1)


async def test_an_event_says_when_why_and_by_whom_it_was_published(database: Database, clock: ManualClock) -> None:
    subject, told = uuid4(), golden(RefundDue).payload
    with correlated("request-7"):
        async with database.work() as work:
            work.publish(told, subject=subject)
            now = work.now

    async with database.read() as session:
        body = (await session.execute(select(service_tables.outbox.c.payload))).scalar_one()
    event = parse(body)
    assert (event.source, event.subject, event.correlation_id) == (SERVICE, subject, "request-7")
    assert (event.occurred_at, event.payload) == (now, told)
    assert now.tzinfo is UTC


async def test_who_did_what_is_noted_with_the_same_commit(database: Database) -> None:
    async def refuse() -> None:
        async with database.work() as work:
            await work.audit("staff:1", "runner.refuse", "r-1", reason="not this one")
            raise LookupError("rolled back")

    with pytest.raises(LookupError):
        await refuse()
    with correlated("request-8"):
        async with database.work() as work:
            await work.audit("staff:1", "runner.accept", "r-2", reason="fine", places=3)

    async with database.read() as session:
        (noted,) = (await session.execute(select(service_tables.audit_log))).mappings().all()
    assert (noted["actor"], noted["action"], noted["subject"]) == ("staff:1", "runner.accept", "r-2")
    assert (noted["details"], noted["correlation_id"]) == ({"reason": "fine", "places": 3}, "request-8")


async def test_over_http_the_answer_follows_the_commit(build_app: BuildApp, browse: Browse, database: Database) -> None:
    http = browse(build_app(router, on=database))

    answer = await http.post("/runners/7")

    assert (answer.status_code, answer.json()) == (201, {"number": 7})
    assert await stored(database) == (1, 1)
    assert (await http.get("/runners")).json() == 1


async def test_when_the_commit_fails_the_client_is_never_told_that_it_went_well(
    build_app: BuildApp, browse: Browse, database: Database
) -> None:
    http = browse(build_app(router, on=database))

    answer = await http.post(f"/runners/{REFUSED_AT_COMMIT}")

    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert await stored(database) == (0, 0)


async def test_the_refusal_of_the_test_above_really_comes_with_the_commit(database: Database) -> None:
    """Its control: every statement before the COMMIT is accepted."""
    accepted: list[UnitOfWork] = []

    async def command() -> None:
        async with database.work() as work:
            await add_runner(work, REFUSED_AT_COMMIT)
            await work.write_events()
            accepted.append(work)

    with pytest.raises(DBAPIError, match="refused at commit"):
        await command()
    assert accepted


async def test_when_the_cable_breaks_before_the_commit_the_client_may_try_again(
    build_app: BuildApp, browse: Browse, database: Database, wired: Database, proxy: TcpProxy
) -> None:
    breaking = Router(dependencies=[public])

    @breaking.post("/breaking")
    async def sign_up_and_break(work: Work) -> dict[str, bool]:
        await add_runner(work, 1)
        await proxy.disconnect()
        return {"stored": True}

    answer = await browse(build_app(breaking, on=wired)).post("/breaking")

    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
    assert await stored(database) == (0, 0)


async def test_connections_that_broke_are_replaced_without_anybody_restarting_anything(
    wired: Database, proxy: TcpProxy
) -> None:
    await _sign_up(wired)
    await proxy.disconnect()
    with pytest.raises((OSError, DBAPIError)) as down:
        await _sign_up(wired)
    assert is_unavailable(down.value)

    await proxy.connect()
    await _sign_up(wired)

    assert await stored(wired) == (2, 2)


_REFUSALS: dict[str, tuple[bool, list[str]]] = {
    "the connection is cut": (True, ["SELECT pg_terminate_backend(pg_backend_pid())"]),
    "the statement takes too long": (True, ["SET LOCAL statement_timeout = 1", "SELECT pg_sleep(5)"]),
    "the server only reads": (True, ["SET TRANSACTION READ ONLY", "CREATE TABLE forbidden ()"]),
    "a deadlock": (True, ["DO 'BEGIN RAISE deadlock_detected; END'"]),
    "a serialization failure": (True, ["DO 'BEGIN RAISE serialization_failure; END'"]),
    "a full server": (True, ["DO 'BEGIN RAISE too_many_connections; END'"]),
    "a lock held too long": (True, ["DO 'BEGIN RAISE lock_not_available; END'"]),
    "a division by zero": (False, ["SELECT 1 / 0"]),
    "a wrong statement": (False, ["SELECT nothing FROM nowhere"]),
    "a duplicate": (False, ["DO 'BEGIN RAISE unique_violation; END'"]),
    "a rule of ours": (False, ["DO 'BEGIN RAISE EXCEPTION ''no''; END'"]),
}


@pytest.mark.parametrize("situation", _REFUSALS)
async def test_an_outage_is_told_from_a_mistake(postgres_server: Server, connect: Connect, situation: str) -> None:
    outage, statements = _REFUSALS[situation]

    with pytest.raises(DBAPIError) as error:
        await _execute(connect(_for_sqlalchemy(postgres_server)), *map(text, statements))

    assert is_unavailable(error.value) is outage


@pytest.mark.parametrize("number", [2**31, 2**63, "seven"])
async def test_a_value_that_does_not_fit_is_a_mistake_and_no_outage(
    postgres_server: Server, connect: Connect, number: object
) -> None:
    statement = text("SELECT CAST(:number AS integer)").bindparams(number=number)

    with pytest.raises(DBAPIError) as error:
        await _execute(connect(_for_sqlalchemy(postgres_server)), statement)

    assert not is_unavailable(error.value)


async def _execute(database: Database, *statements: TextClause) -> None:
    async with database.read() as session:
        for statement in statements:
            await session.execute(statement)


async def _sign_up(database: Database) -> None:
    async with database.work() as work:
        await add_runner(work, 1)


def _for_sqlalchemy(server: Server) -> str:
    return server.url.replace("postgresql://", "postgresql+asyncpg://", 1)


@pytest.mark.parametrize("error", [ValueError("no"), LookupError("no"), RuntimeError("no"), Conflict(), NotYet()])
def test_what_our_own_code_raises_is_no_outage(error: Exception) -> None:
    assert not is_unavailable(error)


@pytest.mark.parametrize("error", [ConnectionRefusedError(), TimeoutError(), PoolTimeout(), FileNotFoundError()])
def test_a_server_that_is_not_there_is_an_outage(error: Exception) -> None:
    assert is_unavailable(error)


@pytest.mark.parametrize(
    ("error", "down"),
    [
        (ConnectionRefusedError(111, "refused"), True),
        (TimeoutError(), True),
        (FileNotFoundError(2, "no such socket"), True),
        (FileNotFoundError(2, "no such file", "letter.pdf"), False),
        (PermissionError(13, "not yours", "letter.pdf"), False),
        (ValueError("wrong"), False),
    ],
)
def test_only_what_is_out_of_reach_counts_as_down(error: Exception, down: bool) -> None:
    assert is_unavailable(error) is down


def _lose_the_answer(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    commit = AsyncSession.commit

    async def unanswered(session: AsyncSession) -> None:
        await commit(session)
        raise error

    monkeypatch.setattr(AsyncSession, "commit", unanswered)


@pytest.mark.parametrize("error", [ConnectionResetError(), TimeoutError(), RuntimeError()], ids=repr)
async def test_a_commit_whose_answer_got_lost_is_neither_stored_nor_not(
    database: Database, build_app: BuildApp, browse: Browse, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    http = browse(build_app(router, on=database))
    with monkeypatch.context() as patched:
        _lose_the_answer(patched, error)
        answer = await http.post("/runners/1")
    assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown")
    assert "Retry-After" in answer.headers
    assert await stored(database) == (1, 1)


async def test_a_wire_that_is_cut_during_commit_leaves_the_outcome_unknown(
    wired: Database, proxy: TcpProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    commit = AsyncSession.commit

    async def cut(session: AsyncSession) -> None:
        pulling = asyncio.create_task(proxy.disconnect())
        try:
            await commit(session)
        finally:
            await pulling

    async def sign_up_in_the_middle() -> None:
        async with wired.work() as work:
            await add_runner(work, 1)

    monkeypatch.setattr(AsyncSession, "commit", cut)
    with pytest.raises(OutcomeUnknown) as raised:
        await sign_up_in_the_middle()
    assert is_unavailable(raised.value)


async def test_what_the_database_refuses_at_commit_is_known(database: Database) -> None:
    """The negative control: its refusal is an answer."""
    with pytest.raises(DBAPIError) as refused:
        async with database.work() as work:
            await add_runner(work, REFUSED_AT_COMMIT)
    assert not is_unavailable(refused.value)
    assert await stored(database) == (0, 0)


async def test_the_database_that_goes_after_a_commit_does_not_unsay_it() -> None:
    with pytest.raises(OutcomeUnknown), already_stored():
        raise ConnectionRefusedError
    with pytest.raises(LookupError), already_stored():
        raise LookupError


async def test_an_event_whose_commit_was_not_answered_is_no_failure_of_its_handler(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    inbox, event = Inbox(database, example_handlers()), cancelled()
    with monkeypatch.context() as patched:
        _lose_the_answer(patched, ConnectionResetError())
        with pytest.raises(OutcomeUnknown):
            await inbox.deliver(event.to_bytes(), OWNER)
    await inbox.deliver(event.to_bytes(), OWNER)
    assert await effects(database) == [event.message_id]
    assert await rows(database, service_tables.retries) == 0
