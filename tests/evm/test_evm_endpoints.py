"""Endpoints of a real node: one that is down, all that are, short ranges, and what the client reads of the chain."""

from datetime import timedelta

import httpx
import pytest
from payment.usdt.evm.rpc import Endpoint, EndpointRefused
from payment.usdt.networks.presets import PRESETS
from testkit.tcp_proxy import TcpProxy

from .node import BLOCK_SECONDS, Anvil
from .shop import NETWORK, Shop, Tokens
from .solidity import contract

BLOCKS = 30
RECIPIENTS = [number.to_bytes(20, "big") for number in range(1_000_000, 1_000_150)]
UNKNOWN = b"\x11" * 32


async def test_one_endpoint_is_read_while_the_other_is_down(shop: Shop) -> None:
    async with TcpProxy(shop.node.url) as first, TcpProxy(shop.node.url) as second:
        # given two endpoints
        await shop.open(first.url, second.url)
        entry, quote = await shop.register_and_choose()
        await shop.send(quote)

        # when the first is down, then payments are seen and confirmed by the second
        await first.disconnect()
        await shop.mine()
        assert (await shop.shown(entry))["status"] == "seen"
        await shop.confirm()
        assert await shop.paid() == [entry]
        assert await shop.scalar("SELECT endpoint FROM chain_cursors") == 1
        assert (await shop.chain())["trouble"] is None

        # and when the second is down in turn, by the first, also in a process that starts then
        await first.connect()
        await second.disconnect()
        shop.start_again()
        other, quote = await shop.register_and_choose()
        await shop.send(quote)
        await shop.mine()
        assert (await shop.shown(other))["status"] == "seen"
        assert await shop.scalar("SELECT endpoint FROM chain_cursors") == 0
        await shop.confirm()
        assert await shop.paid() == [entry, other]


async def test_what_was_paid_while_all_endpoints_were_down_is_found(shop: Shop) -> None:
    async with TcpProxy(shop.node.url) as only:
        # given an endpoint that is down
        await shop.open(only.url)
        entry, quote = await shop.register_and_choose()
        await only.disconnect()
        await shop.watch()
        assert (await shop.chain())["trouble"] == "endpoint_down"

        # when a payment is made meanwhile
        await shop.send(quote)
        await shop.mine()
        await shop.confirm()
        assert (await shop.shown(entry))["status"] == "waiting"

        # then it is found afterwards
        await only.connect()
        await shop.watch(5)
        assert (await shop.chain())["trouble"] is None
        assert await shop.paid() == [entry]


async def test_an_endpoint_of_short_ranges_is_read_in_several_passes(shop: Shop) -> None:
    # given an endpoint that takes two blocks at once, and payments in many blocks
    await shop.open(log_range=2)
    entries = []
    for _ in range(3):
        entry, quote = await shop.register_and_choose()
        entries.append(entry)
        await shop.send(quote)
        await shop.mine(BLOCKS, passes=0)

    # when one pass was made, then it has not read all of them
    await shop.watch()
    chain = await shop.chain()
    assert chain["scanned_time"] < chain["head_time"]

    # and further ones have
    await shop.watch(10)
    chain = await shop.chain()
    assert chain["scanned_time"] == chain["head_time"]
    assert await shop.paid() == entries


async def test_the_client_reads_what_the_chain_has(node: Anvil, tokens: Tokens) -> None:
    # given a batch of transfers in one block
    data = contract("BatchPayer").call("pay", tokens.usdt, RECIPIENTS[:20], list(range(1, 21)))
    tx_hash = await node.send(node.accounts[0], data, to=tokens.batch)
    await node.mine(3)
    number = await node.head() - 2

    async with httpx.AsyncClient() as http:
        client = Endpoint(node.url, http, log_range=2)

        # when it is asked for
        found = await client.transfers(RECIPIENTS, 0, await node.head(), tokens=[tokens.usdt])

        # then each way to ask gives the same
        assert [(each.recipient, each.units) for each in found] == list(zip(RECIPIENTS, range(1, 21), strict=False))
        assert {(each.tx_hash, each.block, each.sender) for each in found} == {(tx_hash, number, node.accounts[0])}
        assert [each.log_index for each in found] == list(range(20))
        assert await client.transfers_in(found[0].block_hash, RECIPIENTS) == found
        assert await client.transfers_of(tx_hash) == found
        assert await client.transfers(RECIPIENTS, 0, number, tokens=[tokens.other]) == []
        balances = await client.balances(tokens.usdt, RECIPIENTS, number)
        assert balances == [*range(1, 21), *[0] * (len(RECIPIENTS) - 20)]
        assert await client.balances(tokens.usdt, RECIPIENTS, number - 1) == [0] * len(RECIPIENTS)


async def test_the_client_knows_the_blocks_of_the_chain(node: Anvil, tokens: Tokens) -> None:
    await node.mine(5)
    async with httpx.AsyncClient() as http:
        client = Endpoint(node.url, http, log_range=2)
        head = await client.head()
        assert head.number == await node.head()
        assert await client.chain_id() == PRESETS[NETWORK].chain_id
        assert await client.decimals(tokens.usdt) == PRESETS[NETWORK].decimals
        assert await client.block(head.number) == await client.block_by_hash(head.hash) == head
        assert (await client.head("finalized")).number == head.number - 2

        before = await client.block(head.number - 1)
        assert before is not None
        assert head.parent_hash == before.hash
        assert head.timestamp - before.timestamp == timedelta(seconds=BLOCK_SECONDS)

        assert await client.block(head.number + 1) is None
        assert await client.block_by_hash(UNKNOWN) is None
        assert await client.transfers_of(UNKNOWN) == []
        with pytest.raises(EndpointRefused):
            await client.transfers_in(UNKNOWN, RECIPIENTS)
