"""The client's log: what an answer means, and what the comparison of sets notices."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from standalone.journey.client import UnexpectedAnswer
from standalone.journey.ledger import Ledger, Outcome, compare


def _answering(status: int, **body: Any) -> Callable[[], Awaitable[httpx.Response]]:
    async def send() -> httpx.Response:
        request = httpx.Request("POST", "http://startline.test/")
        answer = httpx.Response(status, json=body, request=request)
        if answer.is_success:
            return answer
        raise UnexpectedAnswer(answer)

    return send


async def _broken() -> httpx.Response:
    raise httpx.ReadError("the connection was reset")


@pytest.mark.parametrize(
    ("send", "outcome"),
    [
        (_answering(201, id=1), Outcome.OK),
        (_answering(409, code="category_full"), Outcome.NO),
        (_answering(409, code="already_done"), Outcome.OK),
        (_answering(409, code="request_in_progress"), Outcome.UNKNOWN),
        (_answering(502), Outcome.UNKNOWN),
        (_answering(503, code="too_busy"), Outcome.UNKNOWN),
        (_broken, Outcome.UNKNOWN),
    ],
)
async def test_what_an_answer_means(send: Any, outcome: Outcome) -> None:
    ledger = Ledger(done=frozenset({"already_done"}))
    assert (await ledger.ask("a", send)).outcome is outcome
    assert ledger.keys(outcome) == {"a"}


async def test_a_request_is_written_down_before_it_leaves(tmp_path: Path) -> None:
    ledger = Ledger(tmp_path / "client.log")
    written: list[str] = []

    async def send() -> httpx.Response:
        written.append((tmp_path / "client.log").read_text())
        return await _answering(201)()

    await ledger.ask("a", send)
    assert written == ["a asked\n"]


async def test_an_answer_ends_the_doubt_and_doubt_never_ends_an_answer() -> None:
    ledger = Ledger()
    for send in (_broken, _answering(201, id=1), _broken):
        await ledger.ask("a", send)
    assert ledger.keys(Outcome.OK) == {"a"}


@pytest.mark.parametrize("later", [_answering(201, id=2), _answering(409, code="category_full")])
async def test_one_key_is_never_answered_in_two_ways(later: Any) -> None:
    ledger = Ledger()
    await ledger.ask("a", _answering(201, id=1))
    with pytest.raises(AssertionError, match="was answered"):
        await ledger.ask("a", later)


async def test_what_was_refused_and_is_held_nevertheless_is_unexpected() -> None:
    ledger = Ledger()
    await ledger.ask("refused", _answering(409, code="category_full"))
    await ledger.ask("doubted", _broken)
    assert ledger.compare(["doubted"]).ok
    assert ledger.compare(["refused"]).unexpected == {"refused"}


def test_lost_unexpected_and_duplicated_are_each_noticed() -> None:
    found = compare(["kept", "twice", "twice", "stranger"], sure=["kept", "twice", "gone"], doubted=["kept", "gone"])
    assert not found.ok
    assert found.lost == {"gone"}
    assert found.unexpected == {"stranger"}
    assert found.duplicated == {"twice"}
    assert found.recovered == {"kept"}


def test_what_is_possible_may_be_held_or_not() -> None:
    assert compare(["a"], sure=["a"], possible=["b"]).ok
    assert compare(["a", "b"], sure=["a"], possible=["b"]).ok
