"""Questions to a node: what is sent, how answers are read, and how refusals become smaller questions."""

import json
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from payment.usdt.evm.addresses import keccak
from payment.usdt.evm.models import TRANSFER, Block, Transfer
from payment.usdt.evm.rpc import EndpointLies, EndpointRefused

from .evm_node import (
    HASH,
    OURS,
    SENDER,
    TOKEN,
    TX,
    Node,
    accepted,
    always,
    as_hex,
    asking,
    at_most,
    balance_by_address,
    endpoint,
    header,
    log,
    refusing,
    topic,
    word,
)


async def test_a_block_is_read_by_number_by_tag_and_by_hash() -> None:
    node, asked = asking(always(header(26)))
    at = datetime(2026, 11, 28, 0, 0, 26, tzinfo=UTC)
    block = Block(number=26, hash=HASH, parent_hash=b"\x01" * 32, timestamp=at)
    assert await node.block(26) == await node.head() == await node.head("finalized") == block
    assert await node.block_by_hash(HASH) == block
    assert asked.asked == [
        ("eth_getBlockByNumber", ["0x1a", False]),
        ("eth_getBlockByNumber", ["latest", False]),
        ("eth_getBlockByNumber", ["finalized", False]),
        ("eth_getBlockByHash", [as_hex(HASH), False]),
    ]
    assert node.calls == 4


async def test_a_block_that_the_node_does_not_have_is_none() -> None:
    node, _ = asking(always(None))
    assert await node.block(26) is None
    assert await node.block_by_hash(HASH) is None
    assert await node.transfers_of(TX) == []
    with pytest.raises(EndpointLies):
        await node.head()


async def test_contracts_are_called_by_the_selectors_of_their_functions() -> None:
    node, asked = asking(always(word(6)))
    assert await node.decimals(TOKEN) == 6
    assert await node.balance_of(TOKEN, OURS[0], 300) == 6
    decimals, balance = as_hex(keccak(b"decimals()")[:4]), as_hex(keccak(b"balanceOf(address)")[:4])
    assert asked.asked == [
        ("eth_call", [{"to": as_hex(TOKEN), "data": decimals}, "latest"]),
        ("eth_call", [{"to": as_hex(TOKEN), "data": balance + topic(OURS[0])[2:]}, "0x12c"]),
    ]


async def test_the_chain_id_is_a_number() -> None:
    node, _ = asking(always("0xa4b1"))
    assert await node.chain_id() == 42161


async def test_transfers_to_our_addresses_are_asked_for_and_read() -> None:
    node, asked = asking(always([log(OURS[1], block=6, index=3, units=2**256 - 1), log(block=6, index=2)]))
    found = await node.transfers(OURS[:2], 1, 9)
    facts: dict[str, Any] = {"token": TOKEN, "sender": SENDER, "block": 6, "block_hash": HASH, "tx_hash": TX}
    assert found == [
        Transfer(recipient=OURS[0], units=7, log_index=2, **facts),
        Transfer(recipient=OURS[1], units=2**256 - 1, log_index=3, **facts),
    ]
    topics = [as_hex(keccak(b"Transfer(address,address,uint256)")), None, [topic(OURS[0]), topic(OURS[1])]]
    assert asked.asked == [("eth_getLogs", [{"fromBlock": "0x1", "toBlock": "0x9", "topics": topics}])]


async def test_only_the_transfers_of_given_tokens_are_asked_for() -> None:
    node, asked = asking(always([log()]))
    assert len(await node.transfers(OURS[:1], 1, 9, tokens=[TOKEN])) == 1
    assert asked.asked[0][1][0]["address"] == [as_hex(TOKEN)]


async def test_nothing_is_asked_when_nothing_can_be_found() -> None:
    node, _ = asking(always([log()]))
    assert await node.transfers([], 1, 9) == []
    assert await node.transfers(OURS[:1], 10, 9) == []
    assert await node.transfers(OURS[:1], 1, 9, tokens=[]) == []
    assert await node.transfers_in(HASH, []) == []
    assert await node.balances(TOKEN, [], 9) == []
    assert node.calls == 0


@pytest.mark.parametrize(
    "event",
    [
        log(topics=[as_hex(TRANSFER), topic(SENDER), topic(OURS[0]), word(1)], data="0x"),
        log(topics=[as_hex(TRANSFER), topic(SENDER)]),
        log(topics=[word(1), topic(SENDER), topic(OURS[0])]),
        log(topics=[as_hex(TRANSFER), topic(SENDER), as_hex(b"\x01" * 12 + OURS[0])]),
        log(topics=[]),
        log(data=word(7) + "00" * 32),
        log(data="0x"),
        log(removed=True),
    ],
    ids=["erc-721", "two topics", "other event", "no address", "no topics", "more data", "no data", "removed"],
)
async def test_other_events_are_no_transfers(event: dict[str, Any]) -> None:
    node, _ = asking(always([event, log(index=1)]))
    assert [each.log_index for each in await node.transfers(OURS[:1], 1, 9)] == [1]


async def test_many_recipients_are_asked_for_in_groups_of_a_thousand() -> None:
    node, asked = asking(at_most(10))
    found = await node.transfers([*OURS, OURS[0]], 4, 5)
    groups = [params[0]["topics"][2] for _, params in asked.asked]
    assert [len(group) for group in groups] == [1000, 1000, 500]
    assert [each for group in groups for each in group] == [topic(each) for each in OURS]
    firsts = [OURS[0], OURS[1000], OURS[2000]]
    assert [(each.block, each.recipient) for each in found] == [(block, to) for block in (4, 5) for to in firsts]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-32005, "query returned more than 10000 results"),
        (-32005, "limit exceeded"),
        (-32602, "range 1000000 exceeds limit of 10000"),
        (-32602, "invalid params"),
        (-32602, "Log response size exceeded. You can make eth_getLogs requests with up to a 2K block range"),
        (-32600, "You can make eth_getLogs requests with up to a 10 block range on the Free tier"),
        (-32614, "eth_getLogs is limited to a 10,000 range"),
        (-32701, "exceed maximum block range: 50000"),
        (35, "ranges over 10000 blocks are not supported on freetier"),
        (-32000, "block range is too wide"),
        (-32000, "too wide blocks range, the limit is 100"),
        (-32000, "query block range exceeds server limit, narrow your filter: 5"),
        (-32000, "logs matched by query exceeds limit of 10000"),
        (-32000, "requested too many blocks from 0 to 16777216, maximum is set to 2048"),
        (-32002, "request timed out"),
        (-32020, "backend response too large"),
        ("-32000", "Query Timeout Exceeded"),
    ],
)
async def test_a_range_that_is_too_long_is_halved_and_the_accepted_one_remembered(code: Any, message: str) -> None:
    node, asked = asking(at_most(30, code, message), log_range=200)
    assert [each.block for each in await node.transfers(OURS[:1], 1, 100)] == list(range(1, 101))
    assert accepted(asked, 30) == [(1, 25), (26, 50), (51, 75), (76, 100)]
    assert (node.log_range, node.calls) == (25, 6)
    await node.transfers(OURS[:1], 101, 120)
    assert node.calls == 7


@given(st.integers(1, 60), st.integers(1, 200), st.integers(0, 300), st.integers(0, 200))
async def test_each_block_is_read_once_whatever_the_limit(limit: int, log_range: int, first: int, more: int) -> None:
    node, asked = asking(at_most(limit), log_range=log_range)
    found = await node.transfers(OURS[:1], first, first + more)
    assert [each.block for each in found] == list(range(first, first + more + 1))
    ranges = accepted(asked, limit)
    assert all(before[1] + 1 == after[0] for before, after in pairwise(ranges))
    assert node.log_range <= log_range


async def test_a_single_block_that_is_too_much_is_refused() -> None:
    node, _ = asking(at_most(0), log_range=64)
    with pytest.raises(EndpointRefused, match="-32005: query returned more"):
        await node.transfers(OURS[:1], 1, 64)
    assert (node.log_range, node.calls) == (64, 7)


async def test_the_transfers_of_one_block_are_asked_for_by_its_hash() -> None:
    node, asked = asking(always([log()]))
    assert [each.recipient for each in await node.transfers_in(HASH, OURS[:1])] == OURS[:1]
    assert asked.asked[0][1][0] == {
        "blockHash": as_hex(HASH),
        "topics": [as_hex(TRANSFER), None, [topic(OURS[0])]],
    }


async def test_a_block_that_is_unknown_by_its_hash_is_refused() -> None:
    node, _ = asking(refusing(-32000, "unknown block"))
    with pytest.raises(EndpointRefused):
        await node.transfers_in(HASH, OURS[:1])


async def test_all_transfers_of_a_transaction_are_read_unless_it_was_reverted() -> None:
    receipt = {"transactionHash": as_hex(TX), "status": "0x1", "logs": [log(index=4), log(OURS[9], index=5, units=9)]}
    node, _ = asking(always(receipt))
    assert [(each.recipient, each.units) for each in await node.transfers_of(TX)] == [(OURS[0], 7), (OURS[9], 9)]
    reverted, _ = asking(always({**receipt, "status": "0x0"}))
    assert await reverted.transfers_of(TX) == []


async def test_many_balances_are_asked_for_in_batches() -> None:
    node, asked = asking(balance_by_address)
    assert await node.balances(TOKEN, OURS[:250], 9) == [number * 1000 for number in range(1, 251)]
    assert asked.sizes == [100, 100, 50]
    assert node.calls == 3


async def test_the_answers_of_a_batch_come_in_any_order() -> None:
    answer = Node(balance_by_address)

    def reverse(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json=answer(request).json()[::-1])

    assert await endpoint(reverse).balances(TOKEN, OURS[:3], 9) == [1000, 2000, 3000]


@pytest.mark.parametrize(("most", "sizes"), [(30, [25] * 4), (3, [3] * 33 + [1]), (0, [1] * 100)])
async def test_a_batch_that_is_refused_is_halved(most: int, sizes: list[int]) -> None:
    answer, accepted_sizes = Node(balance_by_address), []

    def limited(request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        if isinstance(body, list) and len(body) > most:
            error = {"code": -32600, "message": f"Batch of more than {most} requests are not allowed"}
            return httpx.Response(200, json={"jsonrpc": "2.0", "id": None, "error": error})
        accepted_sizes.append(len(body) if isinstance(body, list) else 1)
        return answer(request)

    assert await endpoint(limited).balances(TOKEN, OURS[:100], 9) == [number * 1000 for number in range(1, 101)]
    assert accepted_sizes == sizes


async def test_a_call_of_a_batch_that_is_refused_is_not_repeated() -> None:
    node, _ = asking(refusing(-32000, "missing trie node"))
    with pytest.raises(EndpointRefused, match="missing trie node"):
        await node.balances(TOKEN, OURS[:10], 9)
    assert node.calls == 1
