"""Turnstile's `siteverify`, as its documentation describes it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from simulators.turnstile import TurnstileAccount, TurnstileMode, build_turnstile

SECRET = "the-widgets-secret"


class Turnstile:
    """An account and its HTTP side."""

    def __init__(self, account: TurnstileAccount, http: httpx.AsyncClient) -> None:
        self.account = account
        self.http = http

    async def verify(self, response: str, **fields: str) -> dict[str, Any]:
        form = {"secret": SECRET, "response": response, **fields}
        return self.body(await self.http.post("/siteverify", data=form))

    @staticmethod
    def body(answer: httpx.Response) -> dict[str, Any]:
        assert answer.status_code == 200, answer.text
        found: dict[str, Any] = answer.json()
        return found


@pytest.fixture
async def turnstile() -> AsyncIterator[Turnstile]:
    account = TurnstileAccount(secret=SECRET, hostname="race.example", action="register", hold_seconds=0.01)
    transport = httpx.ASGITransport(build_turnstile(account))
    async with httpx.AsyncClient(transport=transport, base_url="http://turnstile") as http:
        yield Turnstile(account, http)


def refused(code: str) -> dict[str, Any]:
    return {"success": False, "error-codes": [code]}


async def test_a_good_token_passes_and_says_where_it_was_made(turnstile: Turnstile) -> None:
    answer = await turnstile.verify("pass-1", remoteip="9.9.9.9")
    made = datetime.fromisoformat(answer.pop("challenge_ts"))
    assert datetime.now(UTC) - made < timedelta(minutes=1)
    assert answer == {"success": True, "error-codes": [], "hostname": "race.example", "action": "register", "cdata": ""}
    assert turnstile.account.questions[-1].remoteip == "9.9.9.9"


async def test_a_token_passes_once(turnstile: Turnstile) -> None:
    assert (await turnstile.verify("pass-1"))["success"] is True
    assert await turnstile.verify("pass-1") == refused("timeout-or-duplicate")
    assert await turnstile.verify("pass-1", idempotency_key=str(uuid4())) == refused("timeout-or-duplicate")
    assert (await turnstile.verify("pass-2"))["success"] is True


async def test_a_repeated_question_gets_its_answer_again(turnstile: Turnstile) -> None:
    key = str(uuid4())
    for _ in range(3):
        assert (await turnstile.verify("pass-1", idempotency_key=key))["success"] is True
    assert await turnstile.verify("pass-1") == refused("timeout-or-duplicate")
    assert await turnstile.verify("pass-1", idempotency_key=str(uuid4())) == refused("timeout-or-duplicate")


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"response": "fail"}, "invalid-input-response"),
        ({"response": "pass" + "x" * 2048}, "invalid-input-response"),
        ({"response": ""}, "missing-input-response"),
        ({"response": "spent-1"}, "timeout-or-duplicate"),
        ({"secret": ""}, "missing-input-secret"),
        ({"secret": "another"}, "invalid-input-secret"),
        ({"secret": "2x0000000000000000000000000000000AA"}, "invalid-input-response"),
        ({"secret": "3x0000000000000000000000000000000AA"}, "timeout-or-duplicate"),
        ({"idempotency_key": "not-a-uuid"}, "bad-request"),
    ],
)
async def test_what_is_wrong_is_told_by_its_code(turnstile: Turnstile, fields: dict[str, str], code: str) -> None:
    assert await turnstile.verify(**{"response": "pass-1", **fields}) == refused(code)


async def test_the_test_secret_takes_the_dummy_token_again_and_again(turnstile: Turnstile) -> None:
    for _ in range(2):
        answer = await turnstile.verify("XXXX.DUMMY.TOKEN.XXXX", secret="1x0000000000000000000000000000000AA")
        assert answer["success"] is True


async def test_a_question_may_come_as_json(turnstile: Turnstile) -> None:
    answer = await turnstile.http.post("/siteverify", json={"secret": SECRET, "response": "pass-1"})
    assert turnstile.body(answer)["success"] is True


@pytest.mark.parametrize("body", [b"{", b"[]", b"null", b"\xff"])
async def test_a_body_that_cannot_be_read_is_a_bad_request(turnstile: Turnstile, body: bytes) -> None:
    answer = await turnstile.http.post("/siteverify", content=body, headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()) == (400, refused("bad-request"))


async def test_every_mode_misbehaves_in_its_own_way(turnstile: Turnstile) -> None:
    async def switch(mode: str) -> None:
        answer = await turnstile.http.post("/mode", json={"mode": mode})
        assert (answer.status_code, answer.json()) == (200, {"mode": mode})

    await switch("failing")
    assert await turnstile.verify("pass-1") == refused("invalid-input-response")
    await switch("trouble")
    assert await turnstile.verify("pass-1") == refused("internal-error")
    await switch("down")
    assert (await turnstile.http.post("/siteverify", data={})).status_code == 503
    await switch("timeout")
    assert (await turnstile.verify("pass-1"))["success"] is True
    await switch("ok")
    assert await turnstile.verify("pass-1") == refused("timeout-or-duplicate")


async def test_an_unknown_mode_is_refused_by_name(turnstile: Turnstile) -> None:
    answer = await turnstile.http.post("/mode", json={"mode": "odd"})
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "mode")
    assert turnstile.account.mode is TurnstileMode.OK


async def test_only_the_newest_tokens_and_questions_are_remembered() -> None:
    account = TurnstileAccount(keep=3)
    transport = httpx.ASGITransport(build_turnstile(account))
    async with httpx.AsyncClient(transport=transport, base_url="http://turnstile") as http:
        turnstile = Turnstile(account, http)
        for number in range(5):
            assert (await turnstile.verify(f"pass-{number}"))["success"] is True
        assert [question.response for question in account.questions] == ["pass-2", "pass-3", "pass-4"]
        assert await turnstile.verify("pass-4") == refused("timeout-or-duplicate")
        assert (await turnstile.verify("pass-0"))["success"] is True
