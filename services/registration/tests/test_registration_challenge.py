"""The challenge: which tokens pass, for what they are valid, and what happens without an answer of Turnstile."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from ipaddress import ip_address
from typing import Any
from uuid import uuid4

import httpx
import pytest
import structlog.testing
from chassis.errors import StartlineError
from chassis.web.addresses import Address
from registration.challenge.errors import ChallengeFailed, ChallengeRequired, ChallengeUnavailable
from registration.challenge.turnstile import Turnstile
from simulators.turnstile import TurnstileAccount, build_turnstile

SECRET = "the-widgets-secret"
SOMEWHERE = ip_address("2606:4700:1:2:3:4:5:6")

Ask = Callable[..., Any]


@pytest.fixture
def account() -> TurnstileAccount:
    return TurnstileAccount(secret=SECRET, hostname="race.example", action="register")


@pytest.fixture
def logs() -> Iterator[list[Any]]:
    with structlog.testing.capture_logs() as found:
        yield found


@asynccontextmanager
async def asking(app: Any, **options: Any) -> AsyncIterator[Ask]:
    """Ask a provider; return the error instead of raising it."""
    transport = app if isinstance(app, httpx.MockTransport) else httpx.ASGITransport(build_turnstile(app))
    values = {"secret": SECRET, "url": "http://turnstile.test/siteverify", "timeout": 0.2, **options}
    turnstile = Turnstile(httpx.AsyncClient(transport=transport), **values)

    async def ask(token: str, address: Address | None = SOMEWHERE, *, attempt: Any = None) -> StartlineError | None:
        try:
            await turnstile.verify(token, address, attempt=attempt or uuid4())
        except StartlineError as error:
            return error
        return None

    yield ask
    await turnstile.close()


async def test_turnstile_gets_what_it_needs_and_no_more(account: TurnstileAccount) -> None:
    attempt = uuid4()
    async with asking(account) as ask:
        assert await ask("pass-1", attempt=attempt) is None
        assert await ask("pass-2", None) is None
    first, second = account.questions
    assert (first.secret, first.response, first.remoteip) == (SECRET, "pass-1", str(SOMEWHERE))
    assert first.idempotency_key == str(attempt)
    assert (second.response, second.remoteip) == ("pass-2", "")


async def test_what_cannot_be_a_token_is_refused_without_asking(account: TurnstileAccount) -> None:
    async with asking(account) as ask:
        assert isinstance(await ask(""), ChallengeRequired)
        assert isinstance(await ask("pass" + "x" * 2045), ChallengeFailed)
    assert len(account.questions) == 0


@pytest.mark.parametrize("token", ["fail", "spent", "Ünïcode", "pass-1"[::-1]])
async def test_a_bad_token_fails(account: TurnstileAccount, token: str) -> None:
    async with asking(account) as ask:
        assert isinstance(await ask(token), ChallengeFailed)


async def test_a_token_is_valid_for_one_attempt_and_its_repetition(account: TurnstileAccount) -> None:
    attempt = uuid4()
    async with asking(account) as ask:
        assert await ask("pass-1", attempt=attempt) is None
        assert await ask("pass-1", attempt=attempt) is None
        assert isinstance(await ask("pass-1"), ChallengeFailed)


@pytest.mark.parametrize(
    ("expected", "passes"),
    [
        ({"hostname": "race.example", "action": "register"}, True),
        ({"hostname": "race.example"}, True),
        ({"hostname": "elsewhere.example"}, False),
        ({"action": "login"}, False),
    ],
)
async def test_a_token_of_another_host_or_action_fails(
    account: TurnstileAccount, expected: dict[str, str], passes: bool
) -> None:
    async with asking(account, **expected) as ask:
        found = await ask("pass-1")
    assert found is None if passes else isinstance(found, ChallengeFailed)


def _answers(*answer: Any, **options: Any) -> httpx.MockTransport:
    return httpx.MockTransport(lambda _: httpx.Response(*answer, **options))


def _breaks(_: httpx.Request) -> httpx.Response:
    raise httpx.ConnectError("refused")


async def _hangs(_: httpx.Request) -> httpx.Response:
    await asyncio.sleep(30)
    raise AssertionError("no request waits for so long")


_SILENCE = {
    "cannot be connected to": httpx.MockTransport(_breaks),
    "does not answer in time": httpx.MockTransport(_hangs),
    "is down": _answers(503, text="no upstream"),
    "sends a page": _answers(200, html="<p>Checking your browser"),
    "sends nothing": _answers(200),
    "sends a list": _answers(200, json=[True]),
    "says neither": _answers(200, json={}),
    "says it in words": _answers(200, json={"success": "true"}),
    "sends elsewhere": _answers(302, headers={"Location": "http://elsewhere.test/"}),
    "limits us": _answers(429, text="slow down"),
    "is in trouble": _answers(200, json={"success": False, "error-codes": ["internal-error"]}),
}


@pytest.mark.parametrize("silence", _SILENCE)
async def test_without_an_answer_of_turnstile_tokens_are_refused_unless_set_to_fail_open(
    silence: str, logs: list[Any]
) -> None:
    async with asking(_SILENCE[silence]) as ask:
        assert isinstance(await ask("pass-1"), ChallengeUnavailable)
    async with asking(_SILENCE[silence], fail_open=True) as ask:
        assert await ask("pass-1") is None
        assert isinstance(await ask(""), ChallengeRequired)
    assert [log["log_level"] for log in logs] == ["warning", "warning"]
    assert not {"pass-1", SECRET, str(SOMEWHERE)} & {str(value) for log in logs for value in log.values()}


@pytest.mark.parametrize("code", ["invalid-input-secret", "missing-input-secret"])
async def test_a_wrong_secret_refuses_all_tokens_even_if_set_to_fail_open(code: str, logs: list[Any]) -> None:
    """Otherwise a mistyped secret would look like a challenge that works."""
    refusal = _answers(200, json={"success": False, "error-codes": [code]})
    async with asking(refusal, fail_open=True) as ask:
        assert isinstance(await ask("pass-1"), ChallengeUnavailable)
    assert [(log["event"], log["log_level"]) for log in logs] == [("turnstile_misconfigured", "error")]


@pytest.mark.parametrize("body", [{"error-codes": ["bad-request"]}, {"error-codes": "odd"}, {"error-codes": [1]}, {}])
async def test_a_refusal_counts_even_if_its_reason_is_odd(body: dict[str, Any]) -> None:
    async with asking(_answers(400, json={"success": False, **body}), fail_open=True) as ask:
        assert isinstance(await ask("pass-1"), ChallengeFailed)


async def test_the_whole_request_to_turnstile_has_one_time_limit() -> None:
    """A server that sends a byte now and then keeps every single read short."""

    async def drips(_: httpx.Request) -> httpx.Response:
        async def bytes_now_and_then() -> AsyncIterator[bytes]:
            for _ in range(1000):
                await asyncio.sleep(0.03)
                yield b" "

        return httpx.Response(200, content=bytes_now_and_then())

    started = asyncio.get_running_loop().time()
    async with asking(httpx.MockTransport(drips)) as ask:
        assert isinstance(await ask("pass-1"), ChallengeUnavailable)
    assert asyncio.get_running_loop().time() - started < 5
