"""The database's answer to COMMIT gets lost: what is said is true, and repeating with the same key ends well."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession

from .registration_line import Line

Losing = Callable[..., Any]


@pytest.fixture
def losing(monkeypatch: pytest.MonkeyPatch) -> Losing:
    """Inside the block COMMIT is not answered, `after` it took effect or before."""
    commit = AsyncSession.commit

    @contextmanager
    def block(*, stored: bool, error: Exception | None = None) -> Iterator[None]:
        async def unanswered(session: AsyncSession) -> None:
            await (commit(session) if stored else session.rollback())
            raise error or ConnectionResetError("the answer got lost")

        with monkeypatch.context() as patched:
            patched.setattr(AsyncSession, "commit", unanswered)
            yield

    return block


def _says_unknown(answer: Any) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, "outcome_unknown"), answer.text
    assert "Retry-After" in answer.headers
    assert "same Idempotency-Key" in answer.json()["detail"]
    assert "nothing was stored" not in answer.json()["detail"].lower()


@pytest.mark.parametrize("stored", [True, False])
async def test_without_a_key_it_is_unknown_whether_it_was_stored(race: Any, losing: Losing, stored: bool) -> None:
    await race.open()
    with losing(stored=stored):
        _says_unknown(await race.register())
    assert await race.live_participants() == stored


async def test_with_a_key_what_was_stored_is_looked_up_and_answered(race: Any, losing: Losing) -> None:
    await race.open()
    await race.registered()
    form = race.form()
    with losing(stored=True):
        answer = await race.register(form=form, key="k-1")
    again = await race.register(form=form, key="k-1")
    assert (answer.status_code, again.status_code) == (201, 201), answer.text
    assert answer.json() == again.json()
    assert (await race.places())["taken"] == 2


async def test_with_a_key_what_was_not_stored_is_unknown_and_can_be_repeated(race: Any, losing: Losing) -> None:
    await race.open()
    form = race.form()
    with losing(stored=False):
        _says_unknown(await race.register(form=form, key="k-1"))
    assert (await race.register(form=form, key="k-1")).status_code == 201
    assert (await race.places())["taken"] == 1


async def test_everybody_of_a_batch_hears_their_own_truth(race: Any, losing: Losing) -> None:
    await race.open()
    await race.registered()
    keys = [None, "k-1", None, "k-2"]
    with losing(stored=True):
        answers = await asyncio.gather(*(race.register(key=key) for key in keys))
    assert [answer.status_code for answer in answers] == [503, 201, 503, 201]
    assert (await race.places())["taken"] == 5


async def test_a_key_of_another_request_is_refused_although_the_answer_got_lost(race: Any, losing: Losing) -> None:
    await race.open()
    await race.register(key="k-1")
    with losing(stored=True):
        answer = await race.register(key="k-1")
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_key_reused")


async def test_it_is_said_in_indonesian_too(race: Any, losing: Losing) -> None:
    await race.open()
    with losing(stored=True):
        headers = {"Accept-Language": "id"}
        answer = await race.http.post(race.url("/registrations"), json=race.form(), headers=headers)
    assert "Idempotency-Key yang sama" in answer.json()["detail"]
    assert "Tidak ada yang disimpan" not in answer.json()["detail"]


async def test_a_commit_that_the_database_refuses_has_stored_nothing(race: Any, losing: Losing) -> None:
    """The negative control: a deadlock found at COMMIT is an answer."""
    await race.open()
    refusal = Exception()
    refusal.sqlstate = "40P01"  # type: ignore[attr-defined]
    with losing(stored=False, error=OperationalError("COMMIT", {}, refusal)):
        answer = await race.register()
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")


async def test_a_place_in_line_is_looked_up_by_its_key(race: Any, losing: Losing) -> None:
    await race.open(quota=1)
    await race.registered()
    line = Line(race)
    form = race.form()
    with losing(stored=True):
        answer = await line.join(form=form, key="k-1")
    again = await line.join(form=form, key="k-1")
    assert (answer.status_code, again.status_code) == (201, 201), answer.text
    assert answer.json() == again.json()


@pytest.mark.parametrize(("stored", "key"), [(True, None), (False, None), (False, "k-1")])
async def test_a_place_in_line_that_cannot_be_looked_up_is_unknown(
    race: Any, losing: Losing, stored: bool, key: str | None
) -> None:
    await race.open(quota=1)
    await race.registered()
    with losing(stored=stored):
        _says_unknown(await Line(race).join(key=key))
    assert await race.scalar("SELECT count(*) FROM waitlist_entries") == stored


async def test_what_was_stored_is_not_denied_when_the_database_goes_before_the_answer_is_made(
    race: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await race.open()
    service = race.service.app.state.admission_service

    async def gone(*_: object) -> str:
        raise ConnectionRefusedError

    monkeypatch.setattr(service._tokens, "repeatable", gone)
    _says_unknown(await race.register())
    assert await race.live_participants() == 1
