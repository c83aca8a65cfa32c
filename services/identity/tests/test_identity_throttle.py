"""Growing waits after failed logins."""

import asyncio
from collections import Counter
from contextlib import suppress
from datetime import timedelta
from typing import Any

import pytest
from chassis.auth.principals import Role
from chassis.database import UnitOfWork
from identity.accounts.passwords import Verification
from identity.sessions import commands, throttle
from identity.sessions.errors import TooManyAttempts
from identity.sessions.tables import LoginThrottle
from identity.sessions.throttle import Attempt, Limits
from sqlalchemy import select
from testkit.driver import Answer

from .identity_driver import ANOTHER_PASSWORD, ELSEWHERE, HOME, PASSWORD, WRONG_PASSWORD, IdentityDriver, Member


async def fail(driver: IdentityDriver, email: str, times: int, *, source: str = ELSEWHERE) -> None:
    """Fail to log in several times, waiting in between as long as required."""
    for _ in range(times):
        answer = await driver.try_log_in(email, WRONG_PASSWORD, source=source)
        if answer.status == 429:
            driver.clock.advance(timedelta(seconds=wait_of(answer)))
            answer = await driver.try_log_in(email, WRONG_PASSWORD, source=source)
        assert answer.status == 401, answer.body


def wait_of(answer: Answer) -> int:
    assert answer.status == 429
    assert answer.code == "too_many_attempts"
    return int(answer.headers["retry-after"])


async def test_after_five_failures_waits_begin_and_double_even_for_an_unknown_address(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    for email in (boss.email, "nobody@example.com"):
        await fail(driver, email, 5)
        # when
        waits = []
        for _ in range(4):
            waits.append(wait_of(await driver.try_log_in(email, WRONG_PASSWORD, source=ELSEWHERE)))
            driver.clock.advance(timedelta(seconds=waits[-1]))
            assert (await driver.try_log_in(email, WRONG_PASSWORD, source=ELSEWHERE)).status == 401
        # then
        assert waits == [1, 2, 4, 8]


async def test_an_attempt_whose_password_was_not_verified_is_no_failure(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    login = await driver.log_in(boss)
    change = {"current_password": PASSWORD, "new_password": ANOTHER_PASSWORD}
    # given: the queue is full
    driver.passwords.waiting = 64
    for _ in range(10):
        assert (await driver.try_log_in(boss.email, source=ELSEWHERE)).status == 503
        changed = await driver.call("POST", "/me/password", json=change, by=login.headers, source=ELSEWHERE)
        assert changed.status == 503
    # when: it has room again
    driver.passwords.waiting = 0
    # then
    assert (await driver.try_log_in(boss.email, source=ELSEWHERE)).status == 200


async def test_the_right_password_waits_too(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    await fail(driver, boss.email, 5)
    # then
    assert (await driver.try_log_in(boss.email, source=ELSEWHERE)).status == 429
    driver.clock.advance(timedelta(seconds=1))
    assert (await driver.try_log_in(boss.email, source=ELSEWHERE)).status == 200


async def test_a_wait_never_exceeds_fifteen_minutes(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    await fail(driver, boss.email, 5)
    await _count_as(driver, "attempts = 5000")
    driver.clock.advance(timedelta(seconds=1))
    # when
    assert (await driver.try_log_in(boss.email, WRONG_PASSWORD, source=ELSEWHERE)).status == 401
    # then
    assert wait_of(await driver.try_log_in(boss.email, source=ELSEWHERE)) == 900
    driver.clock.advance(timedelta(seconds=900))
    await driver.log_in(boss, source=ELSEWHERE)


async def _count_as(driver: IdentityDriver, values: str) -> None:
    await driver.execute(f"UPDATE login_throttles SET {values}")


async def test_a_login_resets_the_failures_of_the_account(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    await fail(driver, boss.email, 4)
    await driver.log_in(boss, source=ELSEWHERE)
    # then: four more failures have no wait
    await fail(driver, boss.email, 4)
    await driver.log_in(boss, source=ELSEWHERE)


async def test_failures_expire_after_a_day(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    await fail(driver, boss.email, 8)
    driver.clock.advance(timedelta(hours=25))
    # then
    for _ in range(5):
        assert (await driver.try_log_in(boss.email, WRONG_PASSWORD, source=ELSEWHERE)).status == 401
    assert (await driver.try_log_in(boss.email, WRONG_PASSWORD, source=ELSEWHERE)).status == 429


async def test_an_address_that_tries_many_accounts_has_to_wait(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    for number in range(20):
        assert (await driver.try_log_in(f"nobody{number}@example.com", WRONG_PASSWORD, source=ELSEWHERE)).status == 401
    # when
    refused = await driver.try_log_in(boss.email, source=ELSEWHERE)
    # then
    assert wait_of(refused) == 1
    await driver.log_in(boss, source=HOME)


async def test_an_address_cannot_hide_behind_a_forged_header(driver: IdentityDriver) -> None:
    await driver.add_member()
    # when: the client writes an entry of its own, the proxy appends the real one
    answers = [
        await driver.try_log_in(f"nobody{number}@example.com", WRONG_PASSWORD, source=f"10.0.0.{number}, {ELSEWHERE}")
        for number in range(21)
    ]
    # then
    assert [answer.status for answer in answers] == [401] * 20 + [429]


async def test_a_waiting_address_cannot_make_an_account_wait(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    for number in range(20):
        await driver.try_log_in(f"nobody{number}@example.com", WRONG_PASSWORD, source=ELSEWHERE)
    # when
    for _ in range(10):
        assert (await driver.try_log_in(boss.email, WRONG_PASSWORD, source=ELSEWHERE)).status == 429
    # then
    await driver.log_in(boss, source="192.0.2.44")


async def test_own_logins_do_not_reset_the_failures_of_an_address(driver: IdentityDriver) -> None:
    mallory = await driver.add_member(Role.VIEWER)
    statuses: Counter[int] = Counter()
    # when: guesses at other accounts alternate with logins of the own one
    for number in range(25):
        statuses[(await driver.try_log_in(f"nobody{number}@example.com", WRONG_PASSWORD, source=ELSEWHERE)).status] += 1
        await driver.try_log_in(mallory.email, source=ELSEWHERE)
    # then
    assert statuses == {401: 20, 429: 5}


async def test_failures_from_elsewhere_do_not_block_a_known_address(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    await driver.log_in(boss, source=HOME)
    # when: guesses from other addresses, as soon as the wait is over
    for number in range(12):
        answer = await driver.try_log_in(boss.email, WRONG_PASSWORD, source=f"203.0.113.{number}")
        if answer.status == 429:
            driver.clock.advance(timedelta(seconds=wait_of(answer)))
            await driver.try_log_in(boss.email, WRONG_PASSWORD, source=f"203.0.113.{number}")
    assert (await driver.try_log_in(boss.email, source=ELSEWHERE)).status == 429
    # then
    await driver.log_in(boss, source=HOME)
    # and: other addresses still have to wait
    assert (await driver.try_log_in(boss.email, WRONG_PASSWORD, source=ELSEWHERE)).status == 429


async def test_a_known_address_has_waits_of_its_own(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    await driver.log_in(boss, source=HOME)
    await fail(driver, boss.email, 5, source=HOME)
    assert (await driver.try_log_in(boss.email, source=HOME)).status == 429


async def guess_in_parallel(driver: IdentityDriver, boss: Member, guesses: int) -> Counter[int]:
    """Guess concurrently, each time from another address; return how often each status was returned."""
    answers = await asyncio.gather(
        *(driver.try_log_in(boss.email, WRONG_PASSWORD, source=f"192.0.2.{number}") for number in range(guesses))
    )
    return Counter(answer.status for answer in answers)


async def test_of_fifty_concurrent_guesses_five_are_verified(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    assert await guess_in_parallel(driver, boss, 50) == {401: 5, 429: 45}


async def test_counting_after_verifying_would_verify_all_concurrent_guesses(
    driver: IdentityDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the test above: the same limits, but read first and counted later."""
    boss = await driver.add_member()
    account = throttle._key("account", boss.email)
    all_have_read = asyncio.Barrier(12)

    async def read_only(work: UnitOfWork, limits: Limits, *, email: str, source: str) -> Attempt:
        blocked_until = await work.session.scalar(
            select(LoginThrottle.blocked_until).where(LoginThrottle.key == account)
        )
        if blocked_until is not None and blocked_until > work.now:
            raise TooManyAttempts(blocked_until - work.now)
        return Attempt(account=account, source="")

    async def count_later(work: UnitOfWork, *_: Any) -> None:
        with suppress(TooManyAttempts):
            await throttle._count(work, account, 5, timedelta(minutes=15))

    async def verify(password: str, stored: str | None) -> Verification:
        await all_have_read.wait()
        return Verification(right=False)

    monkeypatch.setattr(commands, "count_attempt", read_only)
    monkeypatch.setattr(commands, "audit_failure", count_later)
    monkeypatch.setattr(driver.app.state.passwords, "verify", verify)
    # then
    assert await guess_in_parallel(driver, boss, 12) == {401: 12}


async def test_waits_hold_across_replicas_and_restarts(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    await fail(driver, boss.email, 5)
    # when
    restarted = driver.another_process()
    answer = await restarted.try_log_in(boss.email, source=ELSEWHERE)
    await restarted.close()
    # then
    assert answer.status == 429


async def test_waits_set_by_a_clock_a_day_ahead_end_when_it_is_corrected(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    # given: waits written while the clock is a day ahead
    driver.clock.advance(timedelta(days=1))
    await fail(driver, boss.email, 8)
    # when
    driver.clock.advance(timedelta(days=-1))
    # then
    assert (await driver.try_log_in(boss.email, source=ELSEWHERE)).status == 200


async def test_after_a_clock_was_corrected_failures_wait_as_long_as_before(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    driver.clock.advance(timedelta(days=1))
    await fail(driver, boss.email, 8)
    driver.clock.advance(timedelta(days=-1))
    # when
    answers = [await driver.try_log_in(boss.email, WRONG_PASSWORD, source=ELSEWHERE) for _ in range(3)]
    # then
    assert [answer.status for answer in answers] == [401, 429, 429]
    assert wait_of(answers[-1]) == 16


async def test_a_wait_counts_in_a_process_whose_clock_is_behind(driver: IdentityDriver) -> None:
    boss = await driver.add_member()
    await fail(driver, boss.email, 9)
    # when
    driver.clock.advance(timedelta(seconds=-2))
    # then
    assert (await driver.try_log_in(boss.email, source=ELSEWHERE)).status == 429
