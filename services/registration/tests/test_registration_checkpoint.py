"""The challenge in front of the route of registrations, with Turnstile's stand-in behind it."""

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.secrets import new_key
from chassis.settings import MissingSettings, load
from registration.challenge import checkpoint
from registration.challenge.checkpoint import Checkpoint, attempt_of
from registration.settings import Settings
from simulators.testing import listening
from simulators.turnstile import TurnstileAccount, TurnstileMode, build_turnstile
from sqlalchemy.pool import QueuePool
from testkit.clocks import ManualClock
from testkit.driver import Answer
from testkit.plugin import FreshDatabase

from .registration_driver import RegistrationDriver, settings_for

SECRET = "the-widgets-secret"

Start = Callable[..., Awaitable[RegistrationDriver]]


@pytest.fixture
def account() -> TurnstileAccount:
    return TurnstileAccount(secret=SECRET, hold_seconds=0)


@pytest.fixture
async def guarded(fresh_database: FreshDatabase, clock: ManualClock, account: TurnstileAccount) -> AsyncIterator[Start]:
    """Build processes of registration that ask the stand-in."""
    async with AsyncExitStack() as closing:
        provider = await closing.enter_async_context(listening(build_turnstile(account)))
        url = await fresh_database("registration")

        async def start(**fields: Any) -> RegistrationDriver:
            values = {
                "challenge": "turnstile",
                "turnstile_secret": SECRET,
                "turnstile_url": f"{provider}/siteverify",
                **fields,
            }
            made = RegistrationDriver(settings_for(url, **values), clock=clock)
            closing.push_async_callback(made.close)
            await closing.enter_async_context(made.app.router.lifespan_context(made.app))
            return made

        yield start


@pytest.fixture
async def driver(guarded: Start) -> RegistrationDriver:
    made = await guarded()
    await made.open_category()
    return made


async def _register(driver: RegistrationDriver, token: str | None, *, key: str | None = None, **fields: Any) -> Answer:
    headers = {"Challenge-Token": token, "Idempotency-Key": key}
    sent = {name: value for name, value in headers.items() if value is not None}
    body = fields.get("form") or driver.form()
    return await driver.call("POST", "/registrations", json=body, headers={**sent, **fields.get("headers", {})})


def _got(answer: Answer) -> tuple[int, str]:
    return answer.status, answer.body.get("code", "")


async def test_only_a_solved_challenge_takes_a_place(driver: RegistrationDriver) -> None:
    assert _got(await _register(driver, None)) == (403, "challenge_required")
    assert _got(await _register(driver, "fail")) == (403, "challenge_failed")
    assert (await driver.places())["taken"] == 0
    assert (await _register(driver, "pass-1")).status == 201
    assert (await driver.places())["taken"] == 1


async def test_one_token_is_valid_for_one_registration(driver: RegistrationDriver) -> None:
    assert (await _register(driver, "pass-1", key="k-1")).status == 201
    for key in ("k-2", None):
        assert _got(await _register(driver, "pass-1", key=key)) == (403, "challenge_failed")
    assert (await driver.places())["taken"] == 1


async def test_a_token_would_be_valid_for_many_if_all_attempts_were_the_same(
    driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "attempt_of", lambda _, token: attempt_of("always the same", token))
    for key in ("k-1", "k-2", "k-3"):
        assert (await _register(driver, "pass-1", key=key)).status == 201
    assert (await driver.places())["taken"] == 3


async def test_a_request_that_got_no_place_is_repeated_with_the_same_token(guarded: Start) -> None:
    driver = await guarded()
    await driver.open_category(registration_open_at=(driver.clock() + timedelta(hours=1)).isoformat())
    form = driver.form()
    assert _got(await _register(driver, "pass-1", key="k-1", form=form)) == (409, "registration_not_open")
    driver.clock.advance(timedelta(hours=2))
    assert (await _register(driver, "pass-1", key="k-1", form=form)).status == 201


@pytest.mark.parametrize("token", [None, "fail", "spent", "pass-1", "pass-2"])
async def test_a_repeated_request_needs_no_challenge(
    driver: RegistrationDriver, account: TurnstileAccount, token: str | None
) -> None:
    form = driver.form()
    first = await _register(driver, "pass-1", key="k-1", form=form)
    for mode in (TurnstileMode.OK, TurnstileMode.DOWN):
        account.mode = mode
        again = await _register(driver, token, key="k-1", form=form)
        assert (again.status, again.headers["Idempotency-Replayed"]) == (201, "true")
        assert again.body == first.body
        other = await _register(driver, token, key="k-1")
        assert _got(other) == (422, "idempotency_key_reused")
    assert (await driver.places())["taken"] == 1


async def test_a_key_without_an_answer_does_not_replace_the_challenge(driver: RegistrationDriver) -> None:
    assert _got(await _register(driver, None, key="k-1")) == (403, "challenge_required")
    assert _got(await _register(driver, "fail", key="k-1")) == (403, "challenge_failed")
    assert (await _register(driver, "pass-1", key="k-1")).status == 201


async def test_a_form_that_is_refused_does_not_use_up_its_challenge(
    driver: RegistrationDriver, account: TurnstileAccount
) -> None:
    wrong = {**driver.form(), "registration_type": "collective_7"}
    assert _got(await _register(driver, "pass-1", form=wrong)) == (422, "invalid_fields")
    assert len(account.questions) == 0
    assert (await _register(driver, "pass-1")).status == 201


@pytest.mark.parametrize("mode", [TurnstileMode.DOWN, TurnstileMode.TROUBLE])
async def test_without_an_answer_of_the_provider_registrations_are_refused_or_accepted_as_set(
    guarded: Start, account: TurnstileAccount, mode: TurnstileMode
) -> None:
    driver = await guarded()
    await driver.open_category()
    account.mode = mode
    refused = await _register(driver, "pass-1")
    assert _got(refused) == (503, "challenge_unavailable")
    assert int(refused.headers["Retry-After"]) > 0
    assert (await driver.places())["taken"] == 0
    generous = await guarded(challenge_fail_open=True)
    generous.category = driver.category
    assert (await _register(generous, "pass-1")).status == 201


async def test_the_provider_gets_the_address_that_our_proxy_saw_and_not_the_clients_header(
    guarded: Start, account: TurnstileAccount
) -> None:
    driver = await guarded(trusted_proxies=1)
    await driver.open_category()
    headers = {"X-Forwarded-For": "1.1.1.1, 2606:4700:1:2:3:4:5:6"}
    assert (await _register(driver, "pass-1", headers=headers)).status == 201
    assert [question.remoteip for question in account.questions] == ["2606:4700:1:2:3:4:5:6"]


async def test_an_address_over_its_limit_causes_no_request_to_the_provider(
    guarded: Start, account: TurnstileAccount
) -> None:
    driver = await guarded(trusted_proxies=1, rate_registration_burst=2)
    await driver.open_category()
    headers = {"X-Forwarded-For": "9.9.9.9"}
    got = [_got(await _register(driver, "fail", headers=headers)) for _ in range(5)]
    assert got == [(403, "challenge_failed")] * 2 + [(429, "too_many_requests")] * 3
    assert len(account.questions) == 2


def _checked_out(driver: RegistrationDriver) -> int:
    pool = driver.database.engine.pool
    assert isinstance(pool, QueuePool)
    return pool.checkedout()


class _Watching:
    """A challenge that looks whether the database is in use while it is asked."""

    def __init__(self, driver: RegistrationDriver) -> None:
        self._driver = driver
        self.seen: list[int] = []

    async def verify(self, token: str, address: Any, *, attempt: UUID) -> None:
        self.seen.append(_checked_out(self._driver))

    async def close(self) -> None:
        """Nothing is held."""


async def test_no_connection_is_held_while_the_provider_is_asked(driver: RegistrationDriver) -> None:
    watching = _Watching(driver)
    driver.app.state.checkpoint = Checkpoint(watching, driver.database, trusted_proxies=0)
    for number in range(3):
        assert (await _register(driver, "any", key=f"k-{number}")).status == 201
    assert watching.seen == [0, 0, 0]
    async with driver.database.read() as session:
        await session.connection()
        await watching.verify("any", None, attempt=uuid4())
    assert watching.seen[-1] == 1  # a held one would have been seen


async def test_without_a_challenge_the_header_is_not_read(guarded: Start, account: TurnstileAccount) -> None:
    driver = await guarded(challenge="none")
    await driver.open_category()
    assert (await _register(driver, None)).status == 201
    assert (await _register(driver, "fail" * 2000)).status == 201
    assert len(account.questions) == 0


async def test_the_document_names_the_header_and_the_refusals(driver: RegistrationDriver) -> None:
    document = (await driver.call("GET", "/openapi.json")).body
    route = document["paths"][driver.url("/registrations")]["post"]
    headers = {each["name"] for each in route["parameters"] if each["in"] == "header"}
    assert headers == {"Challenge-Token", "Idempotency-Key"}
    described = json.dumps(route["responses"])
    for code in ("challenge_required", "challenge_failed", "challenge_unavailable", "too_many_requests"):
        assert f"`{code}`" in described


def test_the_same_request_is_the_same_attempt_and_any_other_is_not() -> None:
    assert attempt_of("k-1", "token") == attempt_of("k-1", "token")
    others = [attempt_of("k-2", "token"), attempt_of("k-1", "tokens"), attempt_of(None, "token")]
    assert len({attempt_of("k-1", "token"), *others, attempt_of(None, "token")}) == 5
    assert all(each.version == 4 for each in others)


_ENVIRONMENT = {
    "DATABASE_URL": "postgresql://nobody@127.0.0.1:1/nothing",
    "BROKER_URL": "amqp://unused",
    "SECRET_KEYS": new_key(),
    "STAFF_JWKS_URL": "http://identity.test/jwks",
}


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"CHALLENGE": "turnstile"}, "TURNSTILE_SECRET"),
        ({"CHALLENGE": "turnstile", "TURNSTILE_SECRET": ""}, "TURNSTILE_SECRET"),
        ({"CHALLENGE": "riddle"}, "CHALLENGE"),
        ({"RATE_REGISTRATION_PER_MINUTE": "-1"}, "RATE_REGISTRATION_PER_MINUTE"),
        ({"RATE_REGISTRATION_BURST": "0"}, "RATE_REGISTRATION_BURST"),
        ({"TRUSTED_PROXIES": "-1"}, "TRUSTED_PROXIES"),
    ],
)
def test_a_setting_that_cannot_work_stops_the_start_by_name(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], named: str
) -> None:
    for name, value in {**_ENVIRONMENT, **variables}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(MissingSettings, match=rf"\n  {named}: "):
        load(Settings)
