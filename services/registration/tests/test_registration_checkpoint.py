"""The challenge in front of the route where the rush lands, with Turnstile's stand-in behind it."""

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from chassis.secrets import new_key
from chassis.settings import MissingSettings, load
from registration.challenge import checkpoint
from registration.challenge.checkpoint import Checkpoint, attempt_of
from registration.settings import Settings
from simulators.testing import listening
from simulators.turnstile import TurnstileAccount, TurnstileMode, build_turnstile
from testkit.plugin import FreshDatabase

SECRET = "the-widgets-secret"


@pytest.fixture
def account() -> TurnstileAccount:
    return TurnstileAccount(secret=SECRET, hold_seconds=0)


@pytest.fixture
async def guarded(
    fresh_database: FreshDatabase, clock: Any, build: Any, account: TurnstileAccount
) -> AsyncIterator[Any]:
    """Builds processes of registration that ask the stand-in."""
    async with AsyncExitStack() as closing:
        provider = await closing.enter_async_context(listening(build_turnstile(account)))
        url = await fresh_database("registration")

        async def start(**fields: Any) -> Any:
            values = {
                "challenge": "turnstile",
                "turnstile_secret": SECRET,
                "turnstile_url": f"{provider}/siteverify",
                **fields,
            }
            made = build(url, clock, **values)
            closing.push_async_callback(made.service.close)
            await closing.enter_async_context(made.service.app.router.lifespan_context(made.service.app))
            return made

        yield start


@pytest.fixture
async def race(guarded: Any) -> Any:
    made = await guarded()
    await made.open()
    return made


async def _register(race: Any, token: str | None, *, key: str | None = None, **fields: Any) -> httpx.Response:
    headers = {"Challenge-Token": token, "Idempotency-Key": key}
    sent = {name: value for name, value in headers.items() if value is not None}
    body = fields.get("form") or race.form()
    answer: httpx.Response = await race.http.post(
        race.url("/registrations"), json=body, headers={**sent, **fields.get("headers", {})}
    )
    return answer


def _got(answer: httpx.Response) -> tuple[int, str]:
    return answer.status_code, answer.json().get("code", "")


async def test_only_those_who_solved_a_challenge_take_a_place(race: Any) -> None:
    assert _got(await _register(race, None)) == (403, "challenge_required")
    assert _got(await _register(race, "fail")) == (403, "challenge_failed")
    assert (await race.places())["taken"] == 0
    assert (await _register(race, "pass-1")).status_code == 201
    assert (await race.places())["taken"] == 1


async def test_one_token_is_good_for_one_registration(race: Any) -> None:
    assert (await _register(race, "pass-1", key="k-1")).status_code == 201
    for key in ("k-2", None):
        assert _got(await _register(race, "pass-1", key=key)) == (403, "challenge_failed")
    assert (await race.places())["taken"] == 1


async def test_it_would_be_good_for_many_if_attempts_were_not_told_apart(
    race: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "attempt_of", lambda _, token: attempt_of("always the same", token))
    for key in ("k-1", "k-2", "k-3"):
        assert (await _register(race, "pass-1", key=key)).status_code == 201
    assert (await race.places())["taken"] == 3


async def test_a_request_that_got_no_place_is_repeated_with_the_same_token(guarded: Any) -> None:
    race = await guarded()
    await race.open(registration_open_at=(race.clock() + timedelta(hours=1)).isoformat())
    form = race.form()
    assert _got(await _register(race, "pass-1", key="k-1", form=form)) == (409, "registration_not_open")
    race.clock.advance(timedelta(hours=2))
    assert (await _register(race, "pass-1", key="k-1", form=form)).status_code == 201


@pytest.mark.parametrize("token", [None, "fail", "spent", "pass-1", "pass-2"])
async def test_whoever_was_answered_needs_no_challenge_to_be_answered_again(
    race: Any, account: TurnstileAccount, token: str | None
) -> None:
    form = race.form()
    first = await _register(race, "pass-1", key="k-1", form=form)
    for mode in (TurnstileMode.OK, TurnstileMode.DOWN):
        account.mode = mode
        again = await _register(race, token, key="k-1", form=form)
        assert (again.status_code, again.headers["Idempotency-Replayed"]) == (201, "true")
        assert again.json() == first.json()
        other = await _register(race, token, key="k-1")
        assert _got(other) == (422, "idempotency_key_reused")
    assert (await race.places())["taken"] == 1


async def test_a_key_that_was_never_answered_opens_nothing(race: Any) -> None:
    assert _got(await _register(race, None, key="k-1")) == (403, "challenge_required")
    assert _got(await _register(race, "fail", key="k-1")) == (403, "challenge_failed")
    assert (await _register(race, "pass-1", key="k-1")).status_code == 201


async def test_a_form_that_is_refused_does_not_use_up_its_challenge(race: Any, account: TurnstileAccount) -> None:
    wrong = {**race.form(), "registration_type": "collective_7"}
    assert _got(await _register(race, "pass-1", form=wrong)) == (422, "invalid_fields")
    assert len(account.questions) == 0
    assert (await _register(race, "pass-1")).status_code == 201


@pytest.mark.parametrize("mode", [TurnstileMode.DOWN, TurnstileMode.TROUBLE])
async def test_while_nobody_can_say_registration_is_closed_or_open_as_decided(
    guarded: Any, account: TurnstileAccount, mode: TurnstileMode
) -> None:
    race = await guarded()
    await race.open()
    account.mode = mode
    refused = await _register(race, "pass-1")
    assert _got(refused) == (503, "challenge_unavailable")
    assert int(refused.headers["Retry-After"]) > 0
    assert (await race.places())["taken"] == 0
    generous = await guarded(challenge_fail_open=True)
    generous.category = race.category
    assert (await _register(generous, "pass-1")).status_code == 201


async def test_the_provider_is_told_what_our_proxy_saw_and_not_what_the_client_wrote(
    guarded: Any, account: TurnstileAccount
) -> None:
    race = await guarded(trusted_proxies=1)
    await race.open()
    headers = {"X-Forwarded-For": "1.1.1.1, 2606:4700:1:2:3:4:5:6"}
    assert (await _register(race, "pass-1", headers=headers)).status_code == 201
    assert [question.remoteip for question in account.questions] == ["2606:4700:1:2:3:4:5:6"]


async def test_an_address_over_its_limit_cannot_make_us_ask(guarded: Any, account: TurnstileAccount) -> None:
    race = await guarded(trusted_proxies=1, rate_registration_burst=2)
    await race.open()
    headers = {"X-Forwarded-For": "9.9.9.9"}
    got = [_got(await _register(race, "fail", headers=headers)) for _ in range(5)]
    assert got == [(403, "challenge_failed")] * 2 + [(429, "too_many_requests")] * 3
    assert len(account.questions) == 2


class _Watching:
    """A challenge that looks whether the database is in use while it is asked."""

    def __init__(self, race: Any) -> None:
        self._race = race
        self.seen: list[int] = []

    async def verify(self, token: str, address: Any, *, attempt: UUID) -> None:
        self.seen.append(self._race.database.engine.pool.checkedout())

    async def close(self) -> None:
        """Nothing is held."""


async def test_no_connection_is_held_while_the_provider_is_asked(race: Any) -> None:
    watching = _Watching(race)
    race.service.app.state.checkpoint = Checkpoint(watching, race.database, trusted_proxies=0)
    for number in range(3):
        assert (await _register(race, "any", key=f"k-{number}")).status_code == 201
    assert watching.seen == [0, 0, 0]
    async with race.database.read() as session:
        await session.connection()
        await watching.verify("any", None, attempt=uuid4())
    assert watching.seen[-1] == 1  # a held one would have been seen


async def test_without_a_challenge_the_header_is_not_read(guarded: Any, account: TurnstileAccount) -> None:
    race = await guarded(challenge="none")
    await race.open()
    assert (await _register(race, None)).status_code == 201
    assert (await _register(race, "fail" * 2000)).status_code == 201
    assert len(account.questions) == 0


async def test_the_document_names_the_header_and_the_refusals(race: Any) -> None:
    document = (await race.http.get(race.url("/openapi.json"))).json()
    route = document["paths"][race.url("/registrations")]["post"]
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
