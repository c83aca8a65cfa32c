"""Endpoints that fail: what is no answer, what is none to the question, and that no error tells their keys."""

import asyncio
import traceback
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from payment.usdt.evm import jsonrpc
from payment.usdt.evm.models import Transfer
from payment.usdt.evm.rpc import Endpoint, EndpointDown, EndpointError, EndpointLies, EndpointRefused

from .evm_node import (
    HASH,
    KEY,
    OTHER_TOKEN,
    OURS,
    TOKEN,
    TX,
    URL,
    Node,
    always,
    as_hex,
    asking,
    balance_by_address,
    endpoint,
    header,
    log,
    refusing,
    saying,
    word,
)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-32602, "block range extends beyond current head block"),
        (-32000, "unknown block"),
        (-32000, "exceed max addresses or topics per search position"),
        (-32602, "Archive requests require a personal token"),
        (-32701, "Please specify an address in your request or order a node to remove the limits"),
        (-32601, "the method eth_getLogs does not exist"),
    ],
)
async def test_a_refusal_that_fewer_blocks_do_not_mend_is_not_repeated(code: int, message: str) -> None:
    node, _ = asking(refusing(code, message))
    with pytest.raises(EndpointRefused) as refused:
        await node.transfers(OURS[:1], 1, 64)
    assert (refused.value.code, refused.value.message) == (code, message)
    assert (node.calls, node.log_range) == (1, 1000)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (429, "Your app has exceeded its compute units per second capacity"),
        (-32005, "daily request count exceeded, request rate limited"),
        (-32005, "exceeded project rate limit"),
        (-32007, "50/second request limit reached"),
        (-32012, "credits limited to 6000/sec"),
        (-32016, "over rate limit"),
        (-32000, "429 Too Many Requests"),
    ],
)
async def test_a_throttled_endpoint_is_down_and_its_range_stays(code: int, message: str) -> None:
    node, _ = asking(refusing(code, message))
    with pytest.raises(EndpointDown, match=r"node\.test: throttled"):
        await node.transfers(OURS[:1], 1, 64)
    assert (node.calls, node.log_range) == (1, 1000)


@pytest.mark.parametrize("status", [400, 413])
async def test_a_refusal_with_an_http_status_is_read(status: int) -> None:
    with pytest.raises(EndpointRefused, match="-32600: method handler crashed"):
        await endpoint(Node(refusing(-32600, "method handler crashed"), status)).chain_id()


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>"),
        httpx.Response(200, content=b"\xff\xfe"),
        httpx.Response(200, text="[" * 100_000),
        httpx.Response(401, json={"message": "no such key"}),
        httpx.Response(403, text="forbidden"),
        httpx.Response(302, headers={"Location": "https://elsewhere.test"}),
        httpx.Response(429, json={"jsonrpc": "2.0", "id": 1, "result": "0x1"}),
        httpx.Response(500, json={"jsonrpc": "2.0", "id": 1, "result": "0x1"}),
        httpx.Response(503, text=""),
    ],
    ids=["html", "bytes", "deep", "401", "403", "redirect", "429", "500", "503"],
)
async def test_an_endpoint_without_an_answer_is_down(answer: httpx.Response) -> None:
    with pytest.raises(EndpointDown, match=r"^node\.test: HTTP \d{3}"):
        await endpoint(lambda _: answer).chain_id()


@pytest.mark.parametrize("failure", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError])
async def test_an_endpoint_that_is_not_reached_is_down(failure: type[httpx.TransportError]) -> None:
    def fail(request: httpx.Request) -> httpx.Response:
        raise failure(f"cannot reach {URL}", request=request)

    with pytest.raises(EndpointDown, match=rf"^node\.test: {failure.__name__}$"):
        await endpoint(fail).chain_id()


async def test_an_endpoint_that_answers_too_slowly_is_down(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jsonrpc, "TIMEOUT", 0.01)

    async def hang(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError

    with pytest.raises(EndpointDown, match="TimeoutError"):
        await endpoint(hang).chain_id()


ANSWER: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "result": "0x1"}
NO_NUMBERS: list[Any] = ["0x", "1", "0xg", "-0x1", "", None, True, [], 1.5, f"0x{'1' * 65}"]


@pytest.mark.parametrize(
    "body",
    [
        *({}, [], "0x1", {"id": 1}, {**ANSWER, "id": 2}, {**ANSWER, "id": "1"}, {**ANSWER, "id": []}),
        *({**ANSWER, "result": result} for result in NO_NUMBERS),
    ],
)
async def test_an_answer_that_is_no_chain_id_is_a_lie(body: Any) -> None:
    with pytest.raises(EndpointLies, match=r"^node\.test: "):
        await saying(body).chain_id()


Question = Callable[[Endpoint], Awaitable[Any]]


async def transfers(node: Endpoint) -> list[Transfer]:
    return await node.transfers(OURS[:1], 1, 9, tokens=[TOKEN])


@pytest.mark.parametrize(
    ("question", "result"),
    [
        (lambda node: node.block(26), header(27)),
        (lambda node: node.block(26), {**header(26), "timestamp": "0xffffffffffffffff"}),
        (lambda node: node.block(26), {**header(26), "hash": "0x11"}),
        (lambda node: node.block_by_hash(HASH), header(26, b"\x12" * 32)),
        (lambda node: node.decimals(TOKEN), word(256)),
        (lambda node: node.decimals(TOKEN), "0x"),
        (lambda node: node.balance_of(TOKEN, OURS[0], 9), f"{word(1)}00"),
        (lambda node: node.transfers_of(TX), {"transactionHash": word(1), "status": "0x1", "logs": []}),
        (lambda node: node.transfers_of(TX), {"transactionHash": as_hex(TX), "logs": []}),
        (lambda node: node.transfers_in(HASH, OURS[:1]), [log(blockHash=word(1))]),
        (transfers, None),
        (transfers, [log(OURS[1])]),
        (transfers, [log(block=10)]),
        (transfers, [log(address=as_hex(OTHER_TOKEN))]),
        (transfers, [log(blockNumber=None)]),
        (transfers, [log(logIndex="5")]),
        (transfers, [log(data="0x0")]),
    ],
)
async def test_an_answer_to_another_question_is_a_lie(question: Question, result: Any) -> None:
    node, _ = asking(always(result))
    with pytest.raises(EndpointLies):
        await question(node)


@pytest.mark.parametrize("change", [lambda each: each[:-1], lambda each: each[:1] * 3, lambda _: [], lambda _: {}])
async def test_a_batch_without_all_answers_is_a_lie(change: Callable[[list[Any]], Any]) -> None:
    node = Node(balance_by_address)
    with pytest.raises(EndpointLies):
        await endpoint(lambda asked: httpx.Response(200, json=change(node(asked).json()))).balances(TOKEN, OURS[:3], 9)


@pytest.mark.parametrize(
    "handle",
    [
        Node(refusing(-32000, f"no project {KEY} for {URL}")),
        Node(refusing(-32005, f"rate limit of {URL}")),
        Node(always(URL)),
        lambda _: httpx.Response(500, text=URL),
        lambda _: httpx.Response(302, headers={"Location": URL}),
    ],
    ids=["refused", "throttled", "lies", "down", "redirect"],
)
async def test_no_error_tells_more_of_the_url_than_its_host(handle: Callable[[httpx.Request], Any]) -> None:
    with pytest.raises(EndpointError) as failed:
        await endpoint(handle).chain_id()
    told = "".join(traceback.format_exception(failed.value)) + repr(failed.value) + str(vars(failed.value))
    assert KEY not in told


async def test_an_endpoint_shows_its_host_only() -> None:
    node, _ = asking(always("0x1"))
    assert (repr(node), node.host) == ("Endpoint('node.test')", "node.test")


@pytest.mark.parametrize("url", ["", "node.test", "ftp://node.test", f"https:///{KEY}", f"https://node.test:{KEY}"])
def test_a_url_that_cannot_be_used_is_refused_and_not_quoted(url: str) -> None:
    with pytest.raises(ValueError, match="URL") as refused:
        Endpoint(url, httpx.AsyncClient(), log_range=10)
    assert KEY not in "".join(traceback.format_exception(refused.value))


def test_a_range_has_a_block() -> None:
    with pytest.raises(ValueError, match="block"):
        Endpoint(URL, httpx.AsyncClient(), log_range=0)


async def test_an_endpoint_that_sends_too_much_is_down_and_fewer_blocks_are_tried(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given an endpoint that is only bearable for four blocks
    monkeypatch.setattr(jsonrpc, "MOST_BYTES", 2000)

    def answer(_: str, params: list[Any]) -> Any:
        first, last = (int(params[0][name], 16) for name in ("fromBlock", "toBlock"))
        return [] if last - first < 4 else ["0" * 2000]

    node = endpoint(Node(answer), log_range=64)
    # then
    assert await node.transfers(OURS[:1], 1, 64) == []
    assert node.log_range == 4
    # and what is too much even for one block
    with pytest.raises(EndpointDown, match=r"^node\.test: an answer of more than 2000 bytes$"):
        await endpoint(Node(lambda *_: ["0" * 2000])).transfers(OURS[:1], 1, 1)
    with pytest.raises(EndpointDown):
        await saying({**ANSWER, "result": "0" * 2000}).chain_id()
