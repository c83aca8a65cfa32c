"""Ended sessions of staff: each process refuses their access tokens soon, without a query for each request."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from chassis.auth.access import AnyStaff, ItsRunnerOrStaff
from chassis.auth.sessions import NOTICED_WITHIN, forget_ended_sessions, record_ended_sessions
from chassis.database import Database
from chassis.inbox import Handlers, Inbox
from chassis.web.routing import Router
from contracts import Event, StaffSessionsEnded
from sqlalchemy import event as sql
from testkit.clocks import ManualClock, StoppedClock
from testkit.example.service import Browse, BuildApp, Connect, rows
from testkit.tcp_proxy import TcpProxy
from testkit.tokens import Issuer

router = Router()

TOKEN_LIFE = timedelta(minutes=5)


@router.get("/money")
async def for_staff(staff: AnyStaff) -> str:
    """For anybody on the staff; needs no database by itself."""
    return staff.actor


@router.get("/registrations/{registration_id}")
async def for_its_runner_or_staff(who: ItsRunnerOrStaff, registration_id: UUID) -> str:
    """For the runner of one registration, and staff."""
    return who.actor


def ended(*session_ids: UUID, at: Database) -> Event[Any]:
    """What identity publishes."""
    now = at.clock()
    payload = StaffSessionsEnded(staff_id=uuid4(), session_ids=session_ids, until=now + TOKEN_LIFE)
    return Event[Any].of(payload, source="identity", subject=payload.staff_id, occurred_at=now, correlation_id="t")


async def deliver(event: Event[Any], database: Database) -> None:
    handlers = Handlers()
    handlers.on(StaffSessionsEnded)(record_ended_sessions)
    await Inbox(database, handlers).handle(event.to_bytes())


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock()


@pytest.fixture
def http(database: Database, build_app: BuildApp, browse: Browse) -> httpx.AsyncClient:
    """A process of the service."""
    return browse(build_app(router, on=database))


async def code(http: httpx.AsyncClient, headers: dict[str, str], path: str = "/money") -> str:
    """How the process answers: `ok`, or the problem's code."""
    answer = await http.get(path, headers=headers)
    return "ok" if answer.status_code == 200 else str(answer.json()["code"])


async def test_a_token_of_an_ended_session_is_refused_once_the_copy_in_memory_is_too_old(
    http: httpx.AsyncClient, database: Database, issuer: Issuer, clock: ManualClock
) -> None:
    session_id = uuid4()
    demoted, colleague = issuer.staff(session_id=session_id), issuer.staff()
    assert await code(http, demoted) == "ok"  # the copy is warm from here on
    # negative control: as long as the event is withheld, nothing is refused, however much time passes
    clock.advance(NOTICED_WITHIN * 2)
    assert await code(http, demoted) == "ok"
    # when
    await deliver(ended(session_id, at=database), database)
    clock.advance(NOTICED_WITHIN)
    # then
    answer = await http.get("/money", headers=demoted)
    assert (answer.status_code, answer.json()["code"]) == (401, "session_ended")
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert await code(http, demoted, f"/registrations/{uuid4()}") == "session_ended"
    assert await code(http, colleague) == "ok"


async def test_every_process_refuses_also_one_that_starts_later(
    url: str, connect: Connect, build_app: BuildApp, browse: Browse, issuer: Issuer, clock: ManualClock
) -> None:
    session_id = uuid4()
    headers = issuer.staff(session_id=session_id)
    replicas = [browse(build_app(router, on=connect(url, clock=clock))) for _ in range(2)]
    assert [await code(each, headers) for each in replicas] == ["ok", "ok"]
    worker = connect(url, clock=clock)
    await deliver(ended(session_id, at=worker), worker)
    clock.advance(NOTICED_WITHIN)
    restarted = browse(build_app(router, on=connect(url, clock=clock)))
    assert [await code(each, headers) for each in (*replicas, restarted)] == ["session_ended"] * 3


async def test_the_same_event_twice_and_a_session_in_two_events_are_one_row_each(
    http: httpx.AsyncClient, database: Database, issuer: Issuer
) -> None:
    one, other = uuid4(), uuid4()
    first = ended(one, at=database)
    for event in (first, first, ended(one, other, at=database), ended(at=database)):
        await deliver(event, database)
    assert await rows(database, database.tables.ended_sessions) == 2
    assert [await code(http, issuer.staff(session_id=each)) for each in (one, other)] == ["session_ended"] * 2


async def test_a_session_is_forgotten_only_when_its_last_token_has_expired(
    database: Database, clock: ManualClock
) -> None:
    await deliver(ended(uuid4(), at=database), database)
    clock.advance(TOKEN_LIFE - timedelta(seconds=1))
    await forget_ended_sessions(database)
    assert await rows(database, database.tables.ended_sessions) == 1
    clock.advance(timedelta(seconds=2))
    await forget_ended_sessions(database)
    assert await rows(database, database.tables.ended_sessions) == 0


async def test_without_a_database_no_token_of_staff_is_let_through_once_the_copy_is_old(
    proxy: TcpProxy, connect: Connect, build_app: BuildApp, browse: Browse, issuer: Issuer, clock: ManualClock
) -> None:
    registration_id = uuid4()
    http = browse(build_app(router, on=connect(proxy.url, clock=clock)))
    headers = issuer.staff()
    assert await code(http, headers) == "ok"
    await proxy.disconnect()
    assert await code(http, headers) == "ok"
    clock.advance(NOTICED_WITHIN)
    answer = await http.get("/money", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert await code(http, issuer.runner(registration_id), f"/registrations/{registration_id}") == "ok"
    await proxy.connect()
    assert await code(http, headers) == "ok"


@contextmanager
def statements(database: Database) -> Iterator[Sequence[str]]:
    """What reaches the database meanwhile."""
    heard: list[str] = []

    def listen(*arguments: Any) -> None:
        heard.append(arguments[2])

    sql.listen(database.engine.sync_engine, "before_cursor_execute", listen)
    yield heard
    sql.remove(database.engine.sync_engine, "before_cursor_execute", listen)


async def test_many_requests_of_staff_share_one_query_a_second(
    http: httpx.AsyncClient, database: Database, issuer: Issuer, clock: ManualClock
) -> None:
    headers = issuer.staff()
    with statements(database) as heard:
        for _ in range(20):
            assert await code(http, headers) == "ok"
    assert len(heard) == 1
    clock.advance(NOTICED_WITHIN)
    with statements(database) as heard:
        assert await code(http, headers) == "ok"
    assert len(heard) == 1
    registration_id = uuid4()
    clock.advance(NOTICED_WITHIN)
    with statements(database) as heard:
        assert await code(http, issuer.runner(registration_id), f"/registrations/{registration_id}") == "ok"
    assert not heard
