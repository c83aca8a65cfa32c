"""One pass over a chain: what it costs, what it takes back, and what it does not believe."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from payment.usdt.watch.failures import Behind, Moved, NotRead, TooDeep
from payment.usdt.watch.headers import newest_before
from payment.usdt.watch.passes import take_pass
from payment.usdt.watch.reading import Addresses, read_pass
from payment.usdt.watch.rules import ANCHORS, Memory, TransferState, Trouble
from simulators.chain import Chain, Lie, RangeRefusal, Transfer

from .usdt_world import CHAIN_ID, OTHER, STARTED_AT, USDT, World, reading

MOST_REQUESTS = 10


@pytest.fixture
async def world() -> AsyncIterator[World]:
    """A world of which the first blocks were read."""
    world = World(reading())
    async with world.http:
        await world.watch()
        yield world


async def none() -> list[bytes]:
    return []


# --- the life of a transfer


async def test_a_transfer_is_pending_until_its_block_is_old_enough(world: World) -> None:
    world.pay()
    await world.watch()
    assert world.stored(TransferState.PENDING) == world.on_chain()

    world.chain.mine(2)
    await world.watch()
    assert world.stored(TransferState.PENDING) == world.on_chain()

    world.chain.mine(1)
    await world.watch()
    assert world.stored(TransferState.CONFIRMED) == world.on_chain()


async def test_by_the_finalized_block_if_no_number_is_set(world: World) -> None:
    world.how = reading(confirmations=None)
    world.pay()
    world.chain.mine(7)
    await world.watch()
    assert world.stored(TransferState.PENDING)

    world.chain.mine(1)
    await world.watch()
    assert world.stored(TransferState.CONFIRMED) == world.on_chain()


async def test_a_dropped_transfer_fails_and_comes_back_in_another_block(world: World) -> None:
    # given a transfer that was seen
    world.pay()
    await world.watch()
    # when its block is replaced without it
    world.chain.reorg(1, keep=False)
    await world.watch()
    # then it failed
    assert world.stored() == set()
    assert len(world.stored(TransferState.FAILED)) == 1

    # and one whose transaction is mined again is there once
    world.pay()
    await world.watch()
    world.chain.reorg(1, keep=True)
    await world.watch()
    assert world.stored() == world.on_chain()
    assert len(world.on_chain()) == 1


async def test_a_transfer_that_was_confirmed_and_is_taken_back_is_reported(world: World) -> None:
    world.pay()
    world.chain.mine(4)
    await world.watch()
    assert world.stored(TransferState.CONFIRMED)

    world.chain.reorg(6, keep=False)
    taken = await world.watch()

    assert taken is not None
    assert taken.plan.lost == taken.plan.failed
    assert len(taken.plan.lost) == 1


async def test_transfers_in_one_transaction_are_all_seen_also_of_another_token(world: World) -> None:
    world.give_out(2)
    world.chain.batch([Transfer(USDT, world.given[0], 1), Transfer(OTHER, world.given[1], 2), world.transfer(2)])
    world.chain.mine()
    await world.watch()
    assert len(world.stored()) == 3
    assert world.stored() == world.on_chain()


async def test_other_tokens_are_not_read_if_the_endpoints_do_not_serve_them(world: World) -> None:
    world.main.needs_address = world.backup.needs_address = True
    assert await world.watch() is not None  # nothing is asked without a new block
    world.pay_out(0)
    assert await world.watch() is None

    world.how = reading(tokens=[USDT])
    world.chain.mine(4)
    await world.watch()
    assert {token for token, *_ in world.stored(TransferState.CONFIRMED)} == {USDT}
    assert len(world.stored()) == 2


async def test_transfers_of_nothing_are_ignored(world: World) -> None:
    world.chain.mine(1, Transfer(USDT, world.given[0], 0))
    await world.watch()
    assert world.stored() == set()


# --- endpoints that cannot be trusted


async def test_an_endpoint_that_is_behind_takes_nothing_back(world: World) -> None:
    world.pay()
    world.chain.mine(20)
    await world.watch()
    stored = world.stored()
    for lag in (1, 19, 23):
        world.main.lag = world.backup.lag = lag
        with pytest.raises(Behind):
            await read_pass(world.clients[0], world.memory, world.how, none)
        assert await world.watch() is None
    assert world.stored() == stored == world.on_chain()


async def test_an_endpoint_without_a_new_block_for_long_is_behind(world: World) -> None:
    newest = world.chain.time(world.chain.head)
    await read_pass(world.clients[0], world.memory, reading(oldest_head=newest), none)
    with pytest.raises(Behind):
        await read_pass(world.clients[0], world.memory, reading(oldest_head=newest + timedelta(seconds=1)), none)


async def test_transfers_that_a_node_has_not_indexed_are_found_by_a_later_pass(world: World) -> None:
    world.main.forgets = 2
    world.pay()
    await world.watch()
    assert world.stored() == set()

    world.chain.mine(3)
    await world.watch()
    assert world.stored() == world.on_chain()


@pytest.mark.parametrize("lie", [None, Lie.NOT_JSON, Lie.GARBAGE])
async def test_another_endpoint_is_read_if_one_fails(world: World, lie: Lie | None) -> None:
    world.main.lies, world.main.down = lie, lie is None
    world.pay()
    taken = await world.watch()
    assert taken is not None
    assert taken.endpoint == 1
    assert world.stored() == world.on_chain()


async def test_an_endpoint_of_another_network_is_not_read() -> None:
    world = World(reading())
    world.main.lies = world.backup.lies = Lie.CHAIN_ID
    async with world.http:
        with pytest.raises(NotRead) as failed:
            await take_pass(world.nodes, Memory(), world.how, none)
    assert failed.value.trouble is Trouble.WRONG_CHAIN


async def test_without_any_endpoint_that_is_the_trouble() -> None:
    with pytest.raises(NotRead) as failed:
        await take_pass([], Memory(), reading(), none)
    assert (failed.value.trouble, failed.value.is_too_deep) == (Trouble.NO_ENDPOINT, False)


@pytest.mark.parametrize("request_number", range(2, 6))
async def test_a_pass_during_which_the_chain_changes_is_not_believed(world: World, request_number: int) -> None:
    # given a chain that changes before one of the requests of a pass
    world.pay()
    world.chain.mine(2)
    world.before(request_number, lambda: world.chain.reorg(3, keep=False))
    # when it is read
    with pytest.raises(Moved):
        await read_pass(world.clients[0], world.memory, world.how, _given(world))
    # then the next pass finds what there is
    world.before_request = lambda _: None
    await world.watch()
    assert world.stored() == world.on_chain() == set()


def _given(world: World) -> Addresses:
    async def addresses() -> list[bytes]:
        return list(world.given)

    return addresses


async def test_only_if_no_endpoint_has_a_remembered_block_the_reorganization_is_too_deep(world: World) -> None:
    forgotten = replace(world.memory, anchors={number: bytes(32) for number in range(3)})
    with pytest.raises(TooDeep):
        await read_pass(world.clients[0], forgotten, world.how, none)
    with pytest.raises(NotRead) as failed:
        await take_pass(world.nodes, forgotten, world.how, none)
    assert failed.value.is_too_deep

    world.main.down = True
    with pytest.raises(NotRead) as failed:
        await take_pass(world.nodes, forgotten, world.how, none)
    assert not failed.value.is_too_deep


# --- the second look


async def test_what_only_one_endpoint_claims_is_not_confirmed_and_fails_in_the_end(world: World) -> None:
    # given a transfer that the main endpoint made up
    world.chain.mine(1)
    world.haunt()
    world.chain.mine(10)
    taken = await world.watch()
    # then it is pending, and that is a trouble
    assert taken is not None
    assert taken.trouble is Trouble.NOT_CONFIRMED
    assert len(world.stored(TransferState.PENDING)) == 1
    # and after many blocks it has failed
    world.chain.mine(300)
    await world.watch_until_read()
    assert world.stored() == set()


async def test_alone_an_endpoint_is_asked_again_by_the_hash_of_the_block(world: World) -> None:
    world.backup.down = True
    world.pay()
    world.haunt()
    world.chain.mine(5)
    await world.watch()
    assert world.stored(TransferState.CONFIRMED) == world.on_chain()
    assert len(world.stored(TransferState.PENDING)) == 1


async def test_receipts_prove_what_an_endpoint_does_not_serve_by_hash(world: World) -> None:
    world.how = reading(tokens=[USDT])
    world.main.needs_address = world.backup.needs_address = True
    world.pay()
    world.chain.mine(5)
    await world.watch()
    assert world.stored(TransferState.CONFIRMED) == world.on_chain()
    assert world.backup.calls["eth_getTransactionReceipt"] == 1


async def test_transfers_in_doubt_keep_no_newer_ones_waiting(world: World) -> None:
    # given more transfers than are looked at after one pass, that the main endpoint made up
    for _ in range(25):
        world.chain.mine()
        world.haunt()
    # when
    world.chain.mine(5)
    await world.watch()
    world.pay()
    world.chain.mine(3)
    await world.watch()
    # then
    assert world.stored(TransferState.CONFIRMED) == world.on_chain()
    assert len(world.stored(TransferState.PENDING)) == 25


async def test_many_transfers_are_confirmed_by_several_passes(world: World) -> None:
    for _ in range(50):
        world.pay()
    world.chain.mine(5)
    for _ in range(3):
        await world.watch()
    assert world.stored(TransferState.CONFIRMED) == world.on_chain()


async def test_a_transfer_in_a_block_that_was_replaced_unnoticed_is_read_again(world: World) -> None:
    # given a stored transfer whose block is not of the chain, below a newest anchor that is
    world.pay()
    await world.watch()
    [(key, known)] = world.memory.transfers.items()
    world.chain.mine(20)
    await world.watch()
    wrong = replace(known, transfer=replace(known.transfer, block_hash=bytes(32)))
    world.memory = replace(world.memory, transfers={key: wrong})
    # when the second look contradicts it, and the next pass reads from there again
    await world.watch()
    taken = await world.watch()
    # then it is where it is on the chain
    assert taken is not None
    assert world.stored() == world.on_chain()
    assert world.stored(TransferState.CONFIRMED)


async def test_an_endpoint_of_another_fork_neither_stops_the_watcher_nor_takes_anything_back(world: World) -> None:
    # given a second endpoint whose blocks are others
    world.clients[0].log_range = 3
    world.pay()
    fork = Chain(CHAIN_ID, started_at=STARTED_AT, head=500)
    fork.reorg(500, keep=True)
    world.backup.chain = fork
    # when the chain grows
    for _ in range(4):
        world.chain.mine(100)
        await world.watch_until_read()
        taken = await world.watch()
    # then the transfer is there, unconfirmed, and that is a trouble
    assert taken is not None
    assert taken.trouble is Trouble.NOT_CONFIRMED
    assert world.stored(TransferState.PENDING) == world.on_chain()


# --- what it costs


async def test_a_pass_without_a_new_block_asks_for_the_head_and_the_final_block_only(world: World) -> None:
    before = world.requests
    await world.watch()
    assert world.requests - before == 2


@pytest.mark.parametrize("confirmations", [12, None])
@pytest.mark.parametrize("blocks", [1, 2, 7])
async def test_with_2000_addresses_a_pass_takes_at_most_10_requests(confirmations: int | None, blocks: int) -> None:
    # given
    world = World(reading(confirmations=confirmations), log_range=1000)
    world.give_out(1999)
    async with world.http:
        await world.watch()
        costs = []
        # when a transfer comes with every fifth pass
        for number in range(40):
            world.chain.mine(blocks - 1)
            if number % 5:
                world.chain.mine()
            else:
                world.pay(number * 50)
            before = world.requests
            await world.watch()
            costs.append(world.requests - before)
    # then, but for the first second look, which checks the other endpoint's network
    assert max(sorted(costs)[:-1]) <= MOST_REQUESTS
    assert len(world.stored()) == 8


async def test_a_long_gap_is_read_in_several_passes(world: World) -> None:
    for client in world.clients:
        client.log_range = 10
    world.pay()
    world.chain.mine(999)
    world.pay()
    taken = await world.watch()
    assert taken is not None
    assert not taken.plan.reaches_head
    assert len(world.stored(TransferState.CONFIRMED)) == 1
    await world.watch_until_read()
    assert world.stored() == world.on_chain()


@pytest.mark.parametrize("refusal", list(RangeRefusal))
async def test_ranges_that_an_endpoint_refuses_are_halved(world: World, refusal: RangeRefusal) -> None:
    world.main.log_range, world.main.range_refusal = 10, refusal
    world.pay()
    world.chain.mine(50)
    await world.watch_until_read()
    assert world.stored() == world.on_chain()


async def test_as_many_blocks_are_remembered_as_a_reorganization_may_replace(world: World) -> None:
    for _ in range(ANCHORS + 20):
        world.chain.mine()
        await world.watch()
    assert len(world.memory.anchors) == ANCHORS
    assert max(world.memory.anchors) == world.chain.head

    before = world.requests
    world.chain.reorg(100, keep=False)
    await world.watch()
    assert world.requests - before < 25
    assert max(world.memory.anchors) == world.chain.head


@pytest.mark.parametrize("block", [0, 1, 70, 499, 500])
async def test_the_newest_block_before_a_moment_is_found(world: World, block: int) -> None:
    world.chain.mine(497)
    client = world.clients[0]
    head = await client.head()
    found = await newest_before(client, head, world.chain.time(block) + timedelta(seconds=1))
    assert found.number == block
    assert (await newest_before(client, head, STARTED_AT - timedelta(days=1))).number == 0
