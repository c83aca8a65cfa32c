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
from sqlalchemy import select, text

from .identity_world import ANOTHER_PASSWORD, ELSEWHERE, HOME, PASSWORD, WRONG, Colleague, Office, Reply


async def fail(office: Office, email: str, times: int, *, source: str = ELSEWHERE) -> None:
    """Fail as often, waiting as long as asked in between."""
    for _ in range(times):
        reply = await office.try_login(email, WRONG, source=source)
        if reply.status == 429:
            office.clock.advance(timedelta(seconds=wait_of(reply)))
            reply = await office.try_login(email, WRONG, source=source)
        assert reply.status == 401, reply.body


def wait_of(reply: Reply) -> int:
    assert reply.status == 429
    assert reply.code == "too_many_attempts"
    return int(reply.headers["retry-after"])


async def test_after_five_failures_waits_begin_and_double_even_for_nobody(office: Office) -> None:
    boss = await office.hire()
    for email in (boss.email, "nobody@example.com"):
        await fail(office, email, 5)
        # when
        waits = []
        for _ in range(4):
            waits.append(wait_of(await office.try_login(email, WRONG, source=ELSEWHERE)))
            office.clock.advance(timedelta(seconds=waits[-1]))
            assert (await office.try_login(email, WRONG, source=ELSEWHERE)).status == 401
        # then
        assert waits == [1, 2, 4, 8]


async def test_an_attempt_whose_password_could_not_be_looked_at_is_no_failure(office: Office) -> None:
    boss = await office.hire()
    login = await office.login(boss)
    change = {"current_password": PASSWORD, "new_password": ANOTHER_PASSWORD}
    # given a line that is full
    office.passwords.waiting = 64
    for _ in range(10):
        assert (await office.try_login(boss.email, source=ELSEWHERE)).status == 503
        assert (await office.call("POST", "/me/password", change, by=login, source=ELSEWHERE)).status == 503
    # when it is short again
    office.passwords.waiting = 0
    # then
    assert (await office.try_login(boss.email, source=ELSEWHERE)).status == 200


async def test_the_right_password_waits_too(office: Office) -> None:
    boss = await office.hire()
    await fail(office, boss.email, 5)
    # then
    assert (await office.try_login(boss.email, source=ELSEWHERE)).status == 429
    office.clock.advance(timedelta(seconds=1))
    assert (await office.try_login(boss.email, source=ELSEWHERE)).status == 200


async def test_a_wait_never_exceeds_a_quarter_of_an_hour(office: Office) -> None:
    boss = await office.hire()
    await fail(office, boss.email, 5)
    await _count_as(office, "attempts = 5000")
    office.clock.advance(timedelta(seconds=1))
    # when
    assert (await office.try_login(boss.email, WRONG, source=ELSEWHERE)).status == 401
    # then
    assert wait_of(await office.try_login(boss.email, source=ELSEWHERE)) == 900
    office.clock.advance(timedelta(seconds=900))
    await office.login(boss, source=ELSEWHERE)


async def _count_as(office: Office, values: str) -> None:
    async with office.database.work() as work:
        await work.session.execute(text(f"UPDATE login_throttles SET {values}"))


async def test_a_good_login_starts_the_account_afresh(office: Office) -> None:
    boss = await office.hire()
    await fail(office, boss.email, 4)
    await office.login(boss, source=ELSEWHERE)
    # then: four more are free again
    await fail(office, boss.email, 4)
    await office.login(boss, source=ELSEWHERE)


async def test_failures_are_forgotten_after_a_day(office: Office) -> None:
    boss = await office.hire()
    await fail(office, boss.email, 8)
    office.clock.advance(timedelta(hours=25))
    # then
    for _ in range(5):
        assert (await office.try_login(boss.email, WRONG, source=ELSEWHERE)).status == 401
    assert (await office.try_login(boss.email, WRONG, source=ELSEWHERE)).status == 429


async def test_one_address_that_tries_many_accounts_has_to_wait(office: Office) -> None:
    boss = await office.hire()
    for number in range(20):
        assert (await office.try_login(f"nobody{number}@example.com", WRONG, source=ELSEWHERE)).status == 401
    # when
    refused = await office.try_login(boss.email, source=ELSEWHERE)
    # then
    assert wait_of(refused) == 1
    await office.login(boss, source=HOME)


async def test_an_address_cannot_hide_behind_a_forged_header(office: Office) -> None:
    await office.hire()
    # when: the client writes an entry of its own, the proxy appends the real one
    replies = [
        await office.try_login(f"nobody{number}@example.com", WRONG, source=f"10.0.0.{number}, {ELSEWHERE}")
        for number in range(21)
    ]
    # then
    assert [reply.status for reply in replies] == [401] * 20 + [429]


async def test_a_waiting_address_cannot_make_an_account_wait(office: Office) -> None:
    boss = await office.hire()
    for number in range(20):
        await office.try_login(f"nobody{number}@example.com", WRONG, source=ELSEWHERE)
    # when
    for _ in range(10):
        assert (await office.try_login(boss.email, WRONG, source=ELSEWHERE)).status == 429
    # then
    await office.login(boss, source="192.0.2.44")


async def test_ones_own_good_logins_do_not_give_an_address_more_guesses(office: Office) -> None:
    mallory = await office.hire(Role.VIEWER)
    statuses: Counter[int] = Counter()
    # when: a guess at somebody else, then a good login of one's own, and again
    for number in range(25):
        statuses[(await office.try_login(f"nobody{number}@example.com", WRONG, source=ELSEWHERE)).status] += 1
        await office.try_login(mallory.email, source=ELSEWHERE)
    # then
    assert statuses == {401: 20, 429: 5}


async def test_strangers_cannot_lock_somebody_out_of_where_they_usually_work(office: Office) -> None:
    boss = await office.hire()
    await office.login(boss, source=HOME)
    # when: a stranger tries whenever they may
    for number in range(12):
        reply = await office.try_login(boss.email, WRONG, source=f"203.0.113.{number}")
        if reply.status == 429:
            office.clock.advance(timedelta(seconds=wait_of(reply)))
            await office.try_login(boss.email, WRONG, source=f"203.0.113.{number}")
    assert (await office.try_login(boss.email, source=ELSEWHERE)).status == 429
    # then
    await office.login(boss, source=HOME)
    # and: that does not help the stranger
    assert (await office.try_login(boss.email, WRONG, source=ELSEWHERE)).status == 429


async def test_a_known_address_has_waits_of_its_own(office: Office) -> None:
    boss = await office.hire()
    await office.login(boss, source=HOME)
    await fail(office, boss.email, 5, source=HOME)
    assert (await office.try_login(boss.email, source=HOME)).status == 429


async def guess_in_parallel(office: Office, boss: Colleague, guesses: int) -> Counter[int]:
    """As many guesses at the same instant, each from another address."""
    replies = await asyncio.gather(
        *(office.try_login(boss.email, WRONG, source=f"192.0.2.{number}") for number in range(guesses))
    )
    return Counter(reply.status for reply in replies)


async def test_of_fifty_guesses_at_once_five_are_looked_at(office: Office) -> None:
    boss = await office.hire()
    assert await guess_in_parallel(office, boss, 50) == {401: 5, 429: 45}


async def test_counting_after_the_password_was_wrong_would_let_them_all_through(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the test above: the same limits, but looked at first and counted later."""
    boss = await office.hire()
    account = throttle._key("account", boss.email)
    everybody_has_looked = asyncio.Barrier(12)

    async def look_only(work: UnitOfWork, limits: Limits, *, email: str, source: str) -> Attempt:
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
        await everybody_has_looked.wait()
        return Verification(right=False)

    monkeypatch.setattr(commands, "count_attempt", look_only)
    monkeypatch.setattr(commands, "audit_failure", count_later)
    monkeypatch.setattr(office.app.state.passwords, "verify", verify)
    # then
    assert await guess_in_parallel(office, boss, 12) == {401: 12}


async def test_waits_hold_across_replicas_and_restarts(office: Office) -> None:
    boss = await office.hire()
    await fail(office, boss.email, 5)
    # when
    restarted = office.another_process()
    reply = await restarted.try_login(boss.email, source=ELSEWHERE)
    await restarted.close()
    # then
    assert reply.status == 429


async def test_a_clock_that_was_a_day_ahead_keeps_nobody_waiting_once_it_is_right_again(office: Office) -> None:
    boss = await office.hire()
    # given: waits written while the clock is a day ahead
    office.clock.advance(timedelta(days=1))
    await fail(office, boss.email, 8)
    # when
    office.clock.advance(timedelta(days=-1))
    # then
    assert (await office.try_login(boss.email, source=ELSEWHERE)).status == 200


async def test_after_a_clock_was_put_right_guesses_wait_as_long_as_ever(office: Office) -> None:
    boss = await office.hire()
    office.clock.advance(timedelta(days=1))
    await fail(office, boss.email, 8)
    office.clock.advance(timedelta(days=-1))
    # when
    replies = [await office.try_login(boss.email, WRONG, source=ELSEWHERE) for _ in range(3)]
    # then
    assert [reply.status for reply in replies] == [401, 429, 429]
    assert wait_of(replies[-1]) == 16


async def test_a_wait_counts_in_a_process_whose_clock_is_behind(office: Office) -> None:
    boss = await office.hire()
    await fail(office, boss.email, 9)
    # when
    office.clock.advance(timedelta(seconds=-2))
    # then
    assert (await office.try_login(boss.email, source=ELSEWHERE)).status == 429
