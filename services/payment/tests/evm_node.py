"""A node that answers as a test says, and what nodes send: blocks, logs, numbers and refusals."""

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import httpx
from payment.usdt.evm.models import TRANSFER
from payment.usdt.evm.rpc import Endpoint

KEY = "s3cr3t-k3y-0f-th3-0wn3r"
URL = f"https://node.test/v3/{KEY}?token={KEY}-2"
TOKEN, OTHER_TOKEN, SENDER = b"\xaa" * 20, b"\xbb" * 20, b"\xcc" * 20
OURS = [number.to_bytes(20, "big") for number in range(1, 2501)]
HASH, TX = b"\x11" * 32, b"\x22" * 32

Answer = Callable[[str, list[Any]], Any]


class Refuses(Exception):
    """The node answers with an error."""

    def __init__(self, code: Any, message: str) -> None:
        self.error = {"code": code, "message": message, "data": {"url": URL}}


class Node:
    """A node that answers by a function of method and parameters."""

    def __init__(self, answer: Answer, status: int = 200) -> None:
        self.asked: list[tuple[str, list[Any]]] = []
        self.sizes: list[int] = []
        self._answer = answer
        self._status = status

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        questions = body if isinstance(body, list) else [body]
        self.sizes.append(len(questions))
        answers = [self._answered(question) for question in questions]
        return httpx.Response(self._status, json=answers if isinstance(body, list) else answers[0])

    def _answered(self, question: dict[str, Any]) -> dict[str, Any]:
        self.asked.append((question["method"], question["params"]))
        try:
            said = {"result": self._answer(question["method"], question["params"])}
        except Refuses as refused:
            said = {"error": refused.error}
        return {"jsonrpc": "2.0", "id": question["id"], **said}


def endpoint(handle: Callable[[httpx.Request], Any], *, log_range: int = 1000) -> Endpoint:
    """Return an endpoint whose requests a function answers."""
    return Endpoint(URL, httpx.AsyncClient(transport=httpx.MockTransport(handle)), log_range=log_range)


def saying(body: Any, status: int = 200) -> Endpoint:
    """Return an endpoint whose answer is always this JSON."""
    return endpoint(lambda _: httpx.Response(status, json=body))


def asking(answer: Answer, *, log_range: int = 1000) -> tuple[Endpoint, Node]:
    """Return an endpoint whose node answers so, and the node."""
    node = Node(answer)
    return endpoint(node, log_range=log_range), node


def as_hex(data: bytes) -> str:
    """Return bytes as nodes write them."""
    return f"0x{data.hex()}"


def word(number: int) -> str:
    """Return a number as contracts return it."""
    return f"0x{number:064x}"


def topic(address: bytes) -> str:
    """Return an address as it stands in a log and in a filter."""
    return as_hex(bytes(12) + address)


def header(number: int, block_hash: bytes = HASH) -> dict[str, Any]:
    """Return a block."""
    parent, at = as_hex(b"\x01" * 32), hex(1_795_824_000 + number)
    return {"number": hex(number), "hash": as_hex(block_hash), "parentHash": parent, "timestamp": at, "miner": "0x0"}


def log(to: bytes = OURS[0], *, block: int = 5, index: int = 0, units: int = 7, **changes: Any) -> dict[str, Any]:
    """Return the log of a transfer to an address, with fields changed."""
    at = {"blockNumber": hex(block), "blockHash": as_hex(HASH), "transactionHash": as_hex(TX), "logIndex": hex(index)}
    topics = [as_hex(TRANSFER), topic(SENDER), topic(to)]
    return {"address": as_hex(TOKEN), "topics": topics, "data": word(units), "removed": False, **at, **changes}


def always(result: Any) -> Answer:
    """Answer each question so."""
    return lambda *_: result


def refusing(code: Any, message: str) -> Answer:
    """Refuse each question."""

    def refuse(*_: Any) -> Any:
        raise Refuses(code, message)

    return refuse


def asked_range(params: Sequence[Mapping[str, Any]]) -> tuple[int, int]:
    """Return the first and the last block that logs were asked for."""
    return int(params[0]["fromBlock"], 16), int(params[0]["toBlock"], 16)


def at_most(limit: int, code: Any = -32005, message: str = "query returned more than 10000 results") -> Answer:
    """Take ranges of so many blocks, and have a transfer to the first recipient in each block."""

    def answer(_: str, params: list[Any]) -> Any:
        first, last = asked_range(params)
        if last - first + 1 > limit:
            raise Refuses(code, message)
        recipient = bytes.fromhex(params[0]["topics"][2][0][-40:])
        return [log(recipient, block=block) for block in range(first, last + 1)]

    return answer


def accepted(node: Node, limit: int) -> list[tuple[int, int]]:
    """Return the ranges that a node took which takes so many blocks."""
    ranges = [asked_range(params) for _, params in node.asked]
    return [(first, last) for first, last in ranges if last - first < limit]


def balance_by_address(_: str, params: list[Any]) -> str:
    """Answer with balances of a thousand times the number that an address is."""
    return word(int(params[0]["data"][-40:], 16) * 1000)
