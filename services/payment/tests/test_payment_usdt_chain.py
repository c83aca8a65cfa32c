"""The client of an endpoint against a simulated chain, with what real endpoints do wrong."""

from collections.abc import AsyncIterator, Sequence

import httpx
import pytest
from payment.usdt.evm.models import Transfer
from payment.usdt.evm.rpc import Endpoint, EndpointDown, EndpointLies, EndpointRefused
from simulators.chain import Chain, Lie, RangeRefusal
from simulators.chain import Endpoint as Node
from simulators.chain import Transfer as Sent
from simulators.chain.testing import transport

USDT, FAKE = bytes([0x11]) * 20, bytes([0x22]) * 20
EXCHANGE, BUDI, SITI, STRANGER = (bytes([each]) * 20 for each in (0xE0, 0xB0, 0x51, 0xFF))
OURS = [BUDI, SITI]
HEAD = 100


class Wire:
    """A chain of empty blocks, a node that shows it, and the client.

    Attributes:
        node: its faults can be set.
        endpoint: asks for at most 500 blocks at once.
    """

    def __init__(self, http: httpx.AsyncClient, node: Node) -> None:
        self.node = node
        self.chain = node.chain
        self.endpoint = self.client(http)
        self.http = http

    @staticmethod
    def client(http: httpx.AsyncClient, log_range: int = 500) -> Endpoint:
        return Endpoint("https://node.test/v2/key", http, log_range=log_range)

    async def all(self) -> list[Transfer]:
        """Return the transfers to our addresses in all blocks."""
        return await self.endpoint.transfers(OURS, 0, self.chain.head)

    async def units(self) -> list[int]:
        return [each.units for each in await self.all()]


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    chain = Chain()
    chain.token(USDT)
    chain.token(FAKE, 18, "USDT (fake)")
    chain.mine(HEAD)
    node = Node(chain)
    async with httpx.AsyncClient(transport=transport(node)) as http:
        yield Wire(http, node)


def pay(wire: Wire, units: int, to: bytes = BUDI) -> bytes:
    """Mine a block with a transfer, and return its hash."""
    transaction = wire.chain.send(USDT, to, units, EXCHANGE)
    wire.chain.mine()
    return transaction


async def test_a_transfer_is_read_with_all_that_identifies_it(wire: Wire) -> None:
    tx_hash = pay(wire, 21_030_000)
    pay(wire, 1, to=STRANGER)
    wire.chain.mine(3)

    block = wire.chain.block_of(tx_hash)
    (log,) = block.logs()
    assert await wire.all() == [
        Transfer(
            token=USDT,
            sender=EXCHANGE,
            recipient=BUDI,
            units=21_030_000,
            block=HEAD + 1,
            block_hash=block.hash,
            tx_hash=tx_hash,
            log_index=log.index,
        )
    ]
    read = await wire.endpoint.block(HEAD + 1)
    assert read is not None
    assert (read.hash, read.parent_hash, read.timestamp) == (block.hash, block.parent_hash, block.time)
    assert (await wire.endpoint.head()).number == HEAD + 5
    assert (await wire.endpoint.head("finalized")).number == HEAD + 5 - 64


async def test_several_transfers_of_one_transaction_have_one_hash_and_their_own_log_indexes(wire: Wire) -> None:
    tx_hash = wire.chain.batch([Sent(USDT, BUDI, 1), Sent(USDT, STRANGER, 2), Sent(USDT, SITI, 3)])
    wire.chain.mine()

    first, last = await wire.all()

    assert first.tx_hash == last.tx_hash == tx_hash
    assert (first.units, last.units, last.log_index - first.log_index) == (1, 3, 2)
    assert await wire.endpoint.transfers_in(first.block_hash, OURS) == [first, last]
    assert [each.units for each in await wire.endpoint.transfers_of(tx_hash)] == [1, 2, 3]


async def test_tokens_that_only_have_the_name_are_seen_as_others(wire: Wire) -> None:
    wire.chain.mine(1, Sent(FAKE, BUDI, 5), Sent(USDT, BUDI, 6))

    assert [(each.token, each.units) for each in await wire.all()] == [(FAKE, 5), (USDT, 6)]
    only = await wire.endpoint.transfers(OURS, 0, HEAD + 1, tokens=[USDT])
    assert [(each.token, each.units) for each in only] == [(USDT, 6)]


async def test_a_lagging_node_shows_an_older_head_and_leaves_out_what_is_newer(wire: Wire) -> None:
    pay(wire, 5)
    block = wire.chain.block(HEAD + 1)
    wire.node.lag = 1

    assert (await wire.endpoint.head()).number == HEAD
    assert await wire.endpoint.block(HEAD + 1) is None
    assert await wire.endpoint.block_by_hash(block.hash) is None
    assert await wire.all() == []
    with pytest.raises(EndpointRefused, match="header not found"):
        await wire.endpoint.balance_of(USDT, BUDI, HEAD + 1)

    wire.node.lag = 0
    assert await wire.units() == [5]


async def test_forgotten_logs_are_missed_without_an_error_and_the_balance_shows_it(wire: Wire) -> None:
    pay(wire, 5)
    block = wire.chain.block(HEAD + 1)
    wire.node.forgets = 1

    assert await wire.all() == await wire.endpoint.transfers_in(block.hash, OURS) == []
    assert await wire.endpoint.balance_of(USDT, BUDI, HEAD + 1) == 5

    wire.chain.mine()
    assert await wire.units() == [5]


@pytest.mark.parametrize("refusal", RangeRefusal)
async def test_every_providers_refusal_of_a_range_is_understood_and_the_range_remembered(
    wire: Wire, refusal: RangeRefusal
) -> None:
    expected = list(range(1, 8))
    for units in expected:
        pay(wire, units)
        wire.chain.mine(10)
    wire.node.log_range, wire.node.range_refusal = 10, refusal

    assert await wire.units() == expected

    assert 5 <= wire.endpoint.log_range <= 10
    questions = wire.endpoint.calls
    assert await wire.units() == expected
    blocks = wire.chain.head + 1
    assert wire.endpoint.calls - questions == -(-blocks // wire.endpoint.log_range)


@pytest.mark.parametrize("asked", [1, 2, 3, 7, 500])
@pytest.mark.parametrize("allowed", [None, 1, 2, 5])
async def test_no_block_is_read_twice_or_left_out_between_two_ranges(
    wire: Wire, asked: int, allowed: int | None
) -> None:
    for units in range(1, 12):
        pay(wire, units, to=OURS[units % 2])
    wire.node.log_range = allowed
    endpoint = wire.client(wire.http, log_range=asked)

    found = await endpoint.transfers(OURS, HEAD + 2, HEAD + 10)

    assert [each.units for each in found] == list(range(2, 11))


async def test_a_node_that_wants_to_know_the_token_refuses_once_and_is_not_asked_for_smaller_ranges(wire: Wire) -> None:
    pay(wire, 5)
    wire.node.needs_address = True

    with pytest.raises(EndpointRefused, match="specify an address"):
        await wire.all()

    assert (wire.endpoint.calls, wire.endpoint.log_range) == (1, 500)
    found = await wire.endpoint.transfers(OURS, 0, HEAD + 1, tokens=[USDT, FAKE])
    assert [each.units for each in found] == [5]


async def test_more_recipients_than_a_filter_takes_are_asked_for_in_groups(wire: Wire) -> None:
    many = [number.to_bytes(20, "big") for number in range(1, 2502)]
    wire.chain.mine(1, *(Sent(USDT, to, units) for units, to in enumerate(many[::500], 1)))

    found = await wire.endpoint.transfers(many, HEAD, HEAD + 1)

    assert [each.recipient for each in found] == many[::500]
    assert wire.endpoint.calls == 3
    again = await wire.endpoint.transfers_in(found[0].block_hash, many)
    assert again == found


@pytest.mark.parametrize("keep", [True, False])
async def test_a_block_that_was_replaced_is_refused_and_not_empty(wire: Wire, keep: bool) -> None:
    tx_hash = pay(wire, 5)
    (before,) = await wire.all()

    wire.chain.reorg(1, keep=keep)

    with pytest.raises(EndpointRefused, match="unknown block"):
        await wire.endpoint.transfers_in(before.block_hash, OURS)
    assert await wire.endpoint.block_by_hash(before.block_hash) is None
    found = await wire.all()
    assert await wire.endpoint.transfers_of(tx_hash) == found
    assert [(each.tx_hash, each.units, each.block) for each in found] == ([(tx_hash, 5, HEAD + 2)] if keep else [])


async def test_a_transaction_is_looked_up_only_when_it_was_mined_and_not_reverted(wire: Wire) -> None:
    pending = wire.chain.send(USDT, BUDI, 1)
    assert await wire.endpoint.transfers_of(bytes(32)) == []
    assert await wire.endpoint.transfers_of(pending) == []

    reverted = wire.chain.batch([Sent(USDT, BUDI, 2)], reverted=True)
    wire.chain.mine()

    assert [each.units for each in await wire.endpoint.transfers_of(pending)] == [1]
    assert await wire.endpoint.transfers_of(reverted) == []
    assert await wire.units() == [1]


@pytest.mark.parametrize("most_calls", [None, 7, 1, 0])
async def test_balances_are_in_the_order_of_their_holders_however_small_batches_must_be(
    wire: Wire, most_calls: int | None
) -> None:
    holders = [number.to_bytes(20, "big") for number in range(1, 31)]
    wire.chain.mine(1, *(Sent(USDT, to, units) for units, to in enumerate(holders, 1)))
    wire.chain.mine(1, Sent(USDT, holders[0], 100))
    wire.node.batch_limit = most_calls

    assert await wire.endpoint.balances(USDT, holders, HEAD + 1) == list(range(1, 31))
    assert await wire.endpoint.balances(USDT, [holders[29], holders[0]], HEAD + 2) == [30, 101]


async def test_a_node_without_an_archive_refuses_balances_of_old_blocks(wire: Wire) -> None:
    wire.node.state_blocks = 128
    wire.chain.mine(28, Sent(USDT, BUDI, 5))

    assert await wire.endpoint.balance_of(USDT, BUDI, 1) == 0
    for refused in (wire.endpoint.balance_of(USDT, BUDI, 0), wire.endpoint.balances(USDT, OURS, 0)):
        with pytest.raises(EndpointRefused, match="state is not available"):
            await refused


async def test_decimals_are_those_of_the_contract(wire: Wire) -> None:
    assert await decimals(wire, [USDT, FAKE]) == [6, 18]
    with pytest.raises(EndpointLies):
        await wire.endpoint.decimals(STRANGER)
    wire.node.lies = Lie.DECIMALS
    assert await decimals(wire, [USDT, FAKE]) == [8, 20]


async def test_another_network_shows_by_its_number(wire: Wire) -> None:
    assert await wire.endpoint.chain_id() == 31337
    wire.node.lies = Lie.CHAIN_ID
    assert await wire.endpoint.chain_id() == 31338


async def test_a_node_without_final_blocks_refuses_to_name_one(wire: Wire) -> None:
    wire.chain.finality = None
    with pytest.raises(EndpointRefused, match="finalized block not found"):
        await wire.endpoint.head("finalized")


@pytest.mark.parametrize(
    ("fault", "value", "error"),
    [
        ("down", True, EndpointDown),
        ("throttled", True, EndpointDown),
        ("lies", Lie.NOT_JSON, EndpointDown),
        ("lies", Lie.GARBAGE, EndpointLies),
    ],
)
async def test_faults_are_told_apart(wire: Wire, fault: str, value: object, error: type[Exception]) -> None:
    tx_hash = pay(wire, 5)
    setattr(wire.node, fault, value)
    endpoint = wire.endpoint

    for question in (
        endpoint.chain_id(),
        endpoint.head(),
        endpoint.block_by_hash(tx_hash),
        endpoint.transfers(OURS, 0, 1),
        endpoint.transfers_of(tx_hash),
        endpoint.balance_of(USDT, BUDI, 1),
        endpoint.balances(USDT, OURS, 1),
    ):
        with pytest.raises(error):
            await question


async def decimals(wire: Wire, tokens: Sequence[bytes]) -> list[int]:
    return [await wire.endpoint.decimals(token) for token in tokens]
