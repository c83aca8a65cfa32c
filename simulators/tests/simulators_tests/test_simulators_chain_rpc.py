"""What a simulated endpoint answers, and its faults."""

import json
from http import HTTPStatus
from typing import Any

import httpx
import pytest
from simulators.chain import Chain, Endpoint, Lie, RangeRefusal, Transfer
from simulators.chain.encoding import data
from simulators.chain.testing import hosts, transport

from .chain_calls import BUDI, OTHER, SITI, USDT, RpcError, ask, chain_of, logs, units

BALANCE_OF_BUDI = f"0x70a08231{BUDI.hex().rjust(64, '0')}"
DECIMALS = "0x313ce567"
UNKNOWN = "0x" + "ab" * 32


def paid(blocks: int = 9) -> Endpoint:
    """Return an endpoint of a chain with empty blocks and two transfers in the newest."""
    chain = chain_of(blocks)
    chain.batch([Transfer(USDT, BUDI, 5, SITI), Transfer(OTHER, SITI, 7)])
    chain.mine()
    return Endpoint(chain)


def balance_call(token: bytes = USDT, block: Any = "latest", encoded: str = BALANCE_OF_BUDI) -> list[Any]:
    return [{"to": data(token), "data": encoded}, block]


def test_blocks_are_shown_by_number_tag_and_hash() -> None:
    endpoint = paid(99)
    head = endpoint.chain.block(100)

    shown = ask(endpoint, "eth_getBlockByNumber", "latest", False)

    assert shown == {
        "number": "0x64",
        "hash": data(head.hash),
        "parentHash": data(head.parent_hash),
        "timestamp": hex(int(head.time.timestamp())),
        "transactions": [data(head.transactions[0].hash)],
    }
    assert ask(endpoint, "eth_getBlockByHash", shown["hash"], False) == shown
    assert ask(endpoint, "eth_getBlockByNumber", "0x64", False) == shown
    tags = ["pending", "safe", "finalized", "earliest"]
    numbers = [ask(endpoint, "eth_getBlockByNumber", tag, False)["number"] for tag in tags]
    assert numbers == ["0x64", "0x44", "0x24", "0x0"]
    assert (ask(endpoint, "eth_chainId"), ask(endpoint, "eth_blockNumber")) == ("0x7a69", "0x64")


def test_what_is_not_there_is_null() -> None:
    endpoint = paid()
    assert ask(endpoint, "eth_getBlockByNumber", "0xb", False) is None
    assert ask(endpoint, "eth_getBlockByHash", UNKNOWN, False) is None
    assert ask(endpoint, "eth_getTransactionReceipt", UNKNOWN) is None


def test_a_node_without_final_blocks_refuses_their_tags() -> None:
    endpoint = Endpoint(Chain(finality=None))
    for tag in ("finalized", "safe"):
        with pytest.raises(RpcError, match=f"{tag} block not found"):
            ask(endpoint, "eth_getBlockByNumber", tag, False)


def test_a_log_is_shown_as_a_node_does() -> None:
    endpoint = paid()
    block = endpoint.chain.block(10)
    first, _ = block.logs()

    assert logs(endpoint, 10, 10, to=BUDI) == [
        {
            "address": "0x" + "11" * 20,
            "topics": [
                "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef",
                "0x" + "00" * 12 + "51" * 20,
                "0x" + "00" * 12 + "b0" * 20,
            ],
            "data": "0x" + "5".rjust(64, "0"),
            "blockNumber": "0xa",
            "blockHash": data(block.hash),
            "transactionHash": data(block.transactions[0].hash),
            "transactionIndex": "0x0",
            "logIndex": hex(first.index),
            "removed": False,
        }
    ]


@pytest.mark.parametrize(
    ("fields", "found"),
    [
        ({}, [5, 7]),
        ({"address": data(USDT)}, [5]),
        ({"address": [data(USDT), data(OTHER)]}, [5, 7]),
        ({"address": [data(BUDI)]}, []),
        ({"topics": []}, [5, 7]),
        ({"topics": [None, None, None, None]}, []),
        ({"topics": [[UNKNOWN, "0xddf252ad1be2c89b69c2b068fc378daa952ba7f163c4a11628f55a4df523b3ef"]]}, [5, 7]),
        ({"topics": [UNKNOWN]}, []),
    ],
)
def test_logs_are_filtered(fields: dict[str, Any], found: list[int]) -> None:
    assert units(logs(paid(), 0, 10, **fields)) == found


def test_logs_are_in_the_range_and_blocks_above_the_head_are_silently_missing() -> None:
    endpoint = paid()
    assert logs(endpoint, 0, 9) == []
    assert units(logs(endpoint, 10, 500)) == [5, 7]
    assert logs(endpoint, 11, 500) == []


def test_the_logs_of_a_block_that_is_not_there_are_an_error() -> None:
    endpoint = paid()
    block_hash = data(endpoint.chain.block(10).hash)
    assert units(ask(endpoint, "eth_getLogs", {"blockHash": block_hash})) == [5, 7]

    endpoint.chain.reorg(1, keep=True)

    with pytest.raises(RpcError, match="unknown block"):
        ask(endpoint, "eth_getLogs", {"blockHash": block_hash})


def test_contracts_are_called_at_a_block() -> None:
    endpoint = paid()
    assert int(ask(endpoint, "eth_call", *balance_call()), 16) == 5
    assert int(ask(endpoint, "eth_call", *balance_call(block="0x9")), 16) == 0
    assert int(ask(endpoint, "eth_call", *balance_call(OTHER, encoded=DECIMALS)), 16) == 18
    assert ask(endpoint, "eth_call", *balance_call(SITI)) == "0x"
    with pytest.raises(RpcError, match="header not found"):
        ask(endpoint, "eth_call", *balance_call(block="0xb"))
    with pytest.raises(RpcError, match="reverted"):
        ask(endpoint, "eth_call", *balance_call(encoded="0x12345678"))


def test_balances_of_old_blocks_may_be_gone() -> None:
    endpoint = paid()
    endpoint.state_blocks = 2
    assert [int(ask(endpoint, "eth_call", *balance_call(block=each)), 16) for each in ("0x9", "0xa")] == [0, 5]
    with pytest.raises(RpcError, match="state is not available"):
        ask(endpoint, "eth_call", *balance_call(block="0x8"))


def test_a_receipt_shows_all_transfers_of_a_transaction_that_was_mined() -> None:
    endpoint = paid()
    pending = endpoint.chain.batch([Transfer(USDT, BUDI, 9)], reverted=True)
    transaction = endpoint.chain.block(10).transactions[0].hash

    receipt = ask(endpoint, "eth_getTransactionReceipt", data(transaction))

    assert (receipt["status"], units(receipt["logs"]), receipt["blockNumber"]) == ("0x1", [5, 7], "0xa")
    assert ask(endpoint, "eth_getTransactionReceipt", data(pending)) is None
    endpoint.chain.mine()
    receipt = ask(endpoint, "eth_getTransactionReceipt", data(pending))
    assert (receipt["status"], receipt["logs"]) == ("0x0", [])


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        ("eth_sendRawTransaction", ["0x00"], -32601),
        ("eth_getBlockByNumber", [], -32602),
        ("eth_getBlockByNumber", ["0x0a", False], -32602),
        ("eth_getBlockByNumber", [10, False], -32602),
        ("eth_getBlockByNumber", [{}, False], -32602),
        ("eth_getBlockByHash", ["0xab", False], -32602),
        ("eth_getLogs", ["0x1"], -32602),
        ("eth_getLogs", [{"fromBlock": "0x5", "toBlock": "0x4"}], -32602),
        ("eth_getLogs", [{"fromBlock": "0x5", "blockHash": UNKNOWN}], -32602),
        ("eth_getLogs", [{"topics": [["0x12"]]}], -32602),
        ("eth_getLogs", [{"topics": [[UNKNOWN] * 1001]}], -32602),
        ("eth_getLogs", [{"topics": [None] * 5}], -32602),
        ("eth_call", [{"to": "0x12", "data": "0x"}, "latest"], -32602),
        ("eth_call", [{"to": "0x" + "11" * 20, "data": "0x"}], -32602),
    ],
)
def test_wrong_calls_are_refused(method: str, params: list[Any], code: int) -> None:
    with pytest.raises(RpcError) as refused:
        ask(paid(), method, *params)
    assert refused.value.code == code


@pytest.mark.parametrize(
    ("body", "code", "status"),
    [
        (b"{", -32700, 400),
        (b"7", -32600, 200),
        (b"[]", -32600, 200),
        (b'{"jsonrpc": "2.0", "id": 1}', -32600, 200),
        (b'{"jsonrpc": "2.0", "id": 1, "method": "eth_chainId", "params": {}}', -32600, 200),
        (b'{"id": 1, "method": "eth_chainId"}', -32600, 200),
    ],
)
def test_what_is_no_call_is_refused(body: bytes, code: int, status: int) -> None:
    reply = paid().reply(body)
    assert (json.loads(reply.content)["error"]["code"], reply.status) == (code, status)


def test_a_batch_is_answered_in_another_order() -> None:
    endpoint = paid()
    calls = [{"jsonrpc": "2.0", "id": each, "method": "eth_chainId"} for each in (1, 2)]
    assert [answer["id"] for answer in endpoint.answer([*calls, 3])] == [None, 2, 1]
    assert endpoint.calls["eth_chainId"] == 2
    endpoint.batch_limit = 1
    assert endpoint.answer(calls)["error"]["message"] == "batch too large"


def test_a_lagging_endpoint_knows_nothing_newer() -> None:
    endpoint = paid()
    head = endpoint.chain.block(10)
    endpoint.lag = 1

    assert ask(endpoint, "eth_getBlockByNumber", "latest", False)["number"] == "0x9"
    assert ask(endpoint, "eth_getBlockByNumber", "0xa", False) is None
    assert ask(endpoint, "eth_getBlockByHash", data(head.hash), False) is None
    assert ask(endpoint, "eth_getTransactionReceipt", data(head.transactions[0].hash)) is None
    assert logs(endpoint, 0, 10) == []
    with pytest.raises(RpcError, match="unknown block"):
        ask(endpoint, "eth_getLogs", {"blockHash": data(head.hash)})
    endpoint.lag = 50
    assert ask(endpoint, "eth_blockNumber") == "0x0"


def test_forgotten_logs_are_missing_without_an_error() -> None:
    endpoint = paid()
    block_hash = data(endpoint.chain.block(10).hash)
    endpoint.forgets = 1

    assert logs(endpoint, 0, 10) == ask(endpoint, "eth_getLogs", {"blockHash": block_hash}) == []
    assert int(ask(endpoint, "eth_call", *balance_call()), 16) == 5
    endpoint.chain.mine()
    assert units(logs(endpoint, 0, 11)) == [5, 7]


@pytest.mark.parametrize(
    ("refusal", "status", "code", "words"),
    [
        (RangeRefusal.ALCHEMY, 400, -32600, "up to a 5 block range"),
        (RangeRefusal.BNB, 200, -32005, "limit exceeded"),
        (RangeRefusal.ERIGON, 200, -32000, "narrow your filter: 5"),
        (RangeRefusal.INFURA, 200, -32602, "range 6 exceeds limit of 5"),
        (RangeRefusal.QUICKNODE, 413, -32614, "limited to a 5 range"),
        (RangeRefusal.RETH, 200, -32602, "max block range 5"),
    ],
)
def test_a_long_range_is_refused_in_a_providers_words(
    refusal: RangeRefusal, status: int, code: int, words: str
) -> None:
    endpoint = paid()
    endpoint.log_range, endpoint.range_refusal = 5, refusal
    sent = {"fromBlock": "0x5", "toBlock": "0xa"}

    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_getLogs", "params": [sent]}
    reply = endpoint.reply(json.dumps(body).encode())

    error = json.loads(reply.content)["error"]
    assert (reply.status, error["code"]) == (status, code)
    assert words in error["message"]
    assert units(logs(endpoint, 6, 10)) == [5, 7]
    block_hash = data(endpoint.chain.block(10).hash)
    assert units(ask(endpoint, "eth_getLogs", {"blockHash": block_hash})) == [5, 7]


def test_an_endpoint_may_want_to_know_the_token() -> None:
    endpoint = paid()
    endpoint.needs_address = True
    with pytest.raises(RpcError, match="specify an address"):
        logs(endpoint, 0, 10)
    assert units(logs(endpoint, 0, 10, address=[data(USDT)])) == [5]


def test_lies_are_told() -> None:
    endpoint = paid()
    endpoint.lies = Lie.CHAIN_ID
    assert ask(endpoint, "eth_chainId") == "0x7a6a"
    endpoint.lies = Lie.DECIMALS
    assert int(ask(endpoint, "eth_call", *balance_call(encoded=DECIMALS)), 16) == 8
    assert ask(endpoint, "eth_call", *balance_call(SITI, encoded=DECIMALS)) == "0x"
    assert int(ask(endpoint, "eth_call", *balance_call()), 16) == 5
    endpoint.lies = Lie.GARBAGE
    assert ask(endpoint, "eth_blockNumber") == {"unexpected": True}
    endpoint.lies = Lie.NOT_JSON
    assert endpoint.reply(b"{}").media_type == "text/html"


async def test_transports_reach_endpoints_and_fail_as_connections_do() -> None:
    works, fails = paid(), paid()
    fails.down = True
    call = {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber"}
    endpoints = {"works.test": works, "fails.test": fails}
    async with httpx.AsyncClient(transport=hosts(endpoints)) as http:
        assert (await http.post("http://works.test/v2/key", json=call)).json()["result"] == "0xa"
        for host in ("fails.test", "unknown.test"):
            with pytest.raises(httpx.ConnectError):
                await http.post(f"http://{host}/", json=call)
        works.throttled = True
        assert (await http.post("http://works.test/", json=call)).status_code == HTTPStatus.TOO_MANY_REQUESTS
    assert (works.requests, fails.requests) == (2, 1)


async def test_the_chain_can_change_between_two_requests() -> None:
    endpoint = paid()
    call = {"jsonrpc": "2.0", "id": 1, "method": "eth_blockNumber"}
    async with httpx.AsyncClient(transport=transport(endpoint, before=endpoint.chain.mine)) as http:
        answers = [(await http.post("http://node.test", json=call)).json()["result"] for _ in range(2)]
    assert answers == ["0xb", "0xc"]
