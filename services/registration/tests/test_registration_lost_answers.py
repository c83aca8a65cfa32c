"""The database's answer to COMMIT gets lost: answers are true, and repeating with the same key succeeds."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError
from sqlalchemy.ext.asyncio import AsyncSession
from testkit.driver import Answer

from .registration_driver import RegistrationDriver
from .waitlist_driver import WaitlistDriver

Losing = Callable[..., Any]


@pytest.fixture
def losing(monkeypatch: pytest.MonkeyPatch) -> Losing:
    """Lose the answer to COMMIT inside the block, after it took effect (`stored`) or before."""
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


def _assert_outcome_unknown(answer: Answer) -> None:
    assert answer.is_problem(503, "outcome_unknown"), answer.body
    assert "Retry-After" in answer.headers
    assert "same Idempotency-Key" in answer.body["detail"]
    assert "nothing was stored" not in answer.body["detail"].lower()


@pytest.mark.parametrize("stored", [True, False])
async def test_without_a_key_it_is_unknown_whether_it_was_stored(
    driver: RegistrationDriver, losing: Losing, stored: bool
) -> None:
    await driver.open_category()
    with losing(stored=stored):
        _assert_outcome_unknown(await driver.try_register())
    assert await driver.live_participants() == stored


async def test_with_a_key_what_was_stored_is_looked_up_and_answered(driver: RegistrationDriver, losing: Losing) -> None:
    await driver.open_category()
    await driver.register()
    form = driver.form()
    with losing(stored=True):
        answer = await driver.try_register(form=form, key="k-1")
    again = await driver.try_register(form=form, key="k-1")
    assert (answer.status, again.status) == (201, 201), answer.body
    assert answer.body == again.body
    assert (await driver.places())["taken"] == 2


async def test_with_a_key_what_was_not_stored_is_unknown_and_can_be_repeated(
    driver: RegistrationDriver, losing: Losing
) -> None:
    await driver.open_category()
    form = driver.form()
    with losing(stored=False):
        _assert_outcome_unknown(await driver.try_register(form=form, key="k-1"))
    await driver.register(form=form, key="k-1")
    assert (await driver.places())["taken"] == 1


async def test_each_request_of_a_batch_gets_its_own_outcome(driver: RegistrationDriver, losing: Losing) -> None:
    await driver.open_category()
    await driver.register()
    keys = [None, "k-1", None, "k-2"]
    with losing(stored=True):
        answers = await asyncio.gather(*(driver.try_register(key=key) for key in keys))
    assert [answer.status for answer in answers] == [503, 201, 503, 201]
    assert (await driver.places())["taken"] == 5


async def test_a_key_of_another_request_is_refused_although_the_answer_got_lost(
    driver: RegistrationDriver, losing: Losing
) -> None:
    await driver.open_category()
    await driver.try_register(key="k-1")
    with losing(stored=True):
        answer = await driver.try_register(key="k-1")
    assert answer.is_problem(422, "idempotency_key_reused")


async def test_the_unknown_outcome_is_described_in_indonesian_too(driver: RegistrationDriver, losing: Losing) -> None:
    await driver.open_category()
    with losing(stored=True):
        headers = {"Accept-Language": "id"}
        answer = await driver.call("POST", "/registrations", by=headers, json=driver.form())
    assert "Idempotency-Key yang sama" in answer.body["detail"]
    assert "Tidak ada yang disimpan" not in answer.body["detail"]


async def test_a_commit_that_the_database_refuses_has_stored_nothing(
    driver: RegistrationDriver, losing: Losing
) -> None:
    """The negative control: a deadlock found at COMMIT is an answer."""
    await driver.open_category()
    refusal = Exception()
    refusal.sqlstate = "40P01"  # type: ignore[attr-defined]
    with losing(stored=False, error=OperationalError("COMMIT", {}, refusal)):
        answer = await driver.try_register()
    assert answer.is_problem(503, "unavailable")


async def test_an_entry_in_line_is_looked_up_by_its_key(driver: RegistrationDriver, losing: Losing) -> None:
    await driver.open_category(quota=1)
    await driver.register()
    waitlist = WaitlistDriver(driver)
    form = driver.form()
    with losing(stored=True):
        answer = await waitlist.try_join(form=form, key="k-1")
    again = await waitlist.try_join(form=form, key="k-1")
    assert (answer.status, again.status) == (201, 201), answer.body
    assert answer.body == again.body


@pytest.mark.parametrize(("stored", "key"), [(True, None), (False, None), (False, "k-1")])
async def test_an_entry_in_line_that_cannot_be_looked_up_is_unknown(
    driver: RegistrationDriver, losing: Losing, stored: bool, key: str | None
) -> None:
    await driver.open_category(quota=1)
    await driver.register()
    with losing(stored=stored):
        _assert_outcome_unknown(await WaitlistDriver(driver).try_join(key=key))
    assert await driver.scalar("SELECT count(*) FROM waitlist_entries") == stored


async def test_a_stored_registration_gets_unknown_when_the_database_fails_before_the_answer(
    driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await driver.open_category()
    service = driver.app.state.admission_service

    async def gone(*_: object) -> str:
        raise ConnectionRefusedError

    monkeypatch.setattr(service._tokens, "repeatable", gone)
    _assert_outcome_unknown(await driver.try_register())
    assert await driver.live_participants() == 1
