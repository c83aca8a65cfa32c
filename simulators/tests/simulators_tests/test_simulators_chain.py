"""The simulated chain: blocks, time, transfers and reorganisations."""

from datetime import UTC, datetime, timedelta

import pytest
from simulators.chain import Chain, Transfer
from simulators.chain.blocks import Block

from .chain_calls import BUDI, OTHER, SITI, USDT, chain_of

NOON = datetime(2027, 3, 6, 12, tzinfo=UTC)


def hashes(chain: Chain) -> list[bytes]:
    return [chain.block(number).hash for number in range(chain.head + 1)]


def paying(chain: Chain) -> list[Block]:
    return list(chain.paying_blocks(0, chain.head))


def test_a_transfer_is_in_the_next_block_and_moves_the_balance_from_there_on() -> None:
    chain = chain_of(blocks=4)

    transaction = chain.send(USDT, BUDI, 21_030_000)
    assert chain.balance(USDT, BUDI, chain.head) == 0
    chain.mine(3)

    assert chain.block_of(transaction).number == 5
    assert [chain.balance(USDT, BUDI, number) for number in (4, 5, 7)] == [0, 21_030_000, 21_030_000]
    assert chain.balance(OTHER, BUDI, 7) == 0
    chain.send(USDT, SITI, 20_000_000, sender=BUDI)
    chain.mine()
    assert (chain.balance(USDT, BUDI, 8), chain.balance(USDT, SITI, 8)) == (1_030_000, 20_000_000)


def test_a_batch_has_one_hash_and_a_log_for_each_transfer() -> None:
    chain = chain_of()

    transaction = chain.batch([Transfer(USDT, BUDI, 1), Transfer(USDT, SITI, 2)])
    chain.mine(1, Transfer(USDT, BUDI, 3))

    first, second, third = chain.block_of(transaction).logs()
    assert first.transaction.hash == second.transaction.hash == transaction != third.transaction.hash
    assert [log.transfer.units for log in (first, second, third)] == [1, 2, 3]
    assert (second.index, third.index) == (first.index + 1, first.index + 2)


def test_a_reverted_transaction_moves_nothing() -> None:
    chain = chain_of()

    transaction = chain.batch([Transfer(USDT, BUDI, 1)], reverted=True)
    chain.mine()

    assert list(chain.block_of(transaction).logs()) == []
    assert chain.balance(USDT, BUDI, chain.head) == 0


def test_blocks_are_linked_by_their_hashes_also_after_reorganisations() -> None:
    chain = chain_of(blocks=6)
    chain.send(USDT, BUDI, 1)
    chain.mine(2)
    chain.reorg(3, keep=True)
    chain.reorg(5, keep=False)

    blocks = [chain.block(number) for number in range(chain.head + 1)]

    assert chain.head == 10
    assert blocks[0].parent_hash == bytes(32)
    assert [block.parent_hash for block in blocks[1:]] == [block.hash for block in blocks[:-1]]
    assert all(chain.block_by_hash(block.hash) == block for block in blocks)


@pytest.mark.parametrize("depth", [1, 3, 10])
def test_a_reorganisation_replaces_that_many_blocks_and_adds_one(depth: int) -> None:
    chain = chain_of(blocks=10)
    before = hashes(chain)

    chain.reorg(depth, keep=False)

    after = hashes(chain)
    assert len(after) == len(before) + 1
    kept = len(before) - depth
    assert after[:kept] == before[:kept]
    assert set(before[kept:]).isdisjoint(after)
    with pytest.raises(LookupError):
        chain.block_by_hash(before[-1])


def test_dropped_transactions_are_gone() -> None:
    chain = chain_of(blocks=3)
    chain.mine(1, Transfer(USDT, BUDI, 5))
    (block,) = paying(chain)

    chain.reorg(2, keep=False)
    chain.mine(3)

    assert paying(chain) == []
    assert chain.balance(USDT, BUDI, chain.head) == 0
    with pytest.raises(LookupError):
        chain.block_of(block.transactions[0].hash)


def test_kept_transactions_come_back_in_another_block_with_the_same_hash() -> None:
    chain = chain_of(blocks=3)
    transaction = chain.send(USDT, BUDI, 5)
    chain.mine(2)
    before = chain.block_of(transaction)

    chain.reorg(2, keep=True)

    after = chain.block_of(transaction)
    assert (before.number, after.number) == (4, 5)
    assert before.transactions == after.transactions
    assert chain.balance(USDT, BUDI, chain.head) == 5


def test_a_transaction_that_is_mined_again_may_have_another_log_index() -> None:
    chain = chain_of(blocks=3)
    transaction = chain.send(USDT, BUDI, 5)
    chain.mine()

    indexes = set()
    for _ in range(10):
        indexes |= {log.index for log in chain.block_of(transaction).logs()}
        chain.reorg(chain.head - chain.block_of(transaction).number + 1, keep=True)

    assert len(indexes) > 1


def test_time_goes_on_with_the_blocks_unless_they_are_hurried() -> None:
    chain = Chain(block_seconds=12, started_at=NOON)

    chain.mine(2)
    chain.mine(30, hurried=True)
    chain.mine()

    times = [chain.time(number) - NOON for number in (0, 2, 3, 32, 33)]
    assert [time.total_seconds() for time in times] == [0, 24, 24, 24, 36]


@pytest.mark.parametrize(("seconds", "head"), [(0, 0), (11.9, 0), (12, 1), (86_400, 7200), (-5, 0)])
def test_blocks_are_mined_until_a_moment(seconds: float, head: int) -> None:
    chain = Chain(block_seconds=12, started_at=NOON)
    chain.send(USDT, BUDI, 1)

    chain.mine_until(NOON + timedelta(seconds=seconds))

    assert chain.head == head
    assert chain.balance(USDT, BUDI, head) == min(head, 1)


def test_chains_of_the_same_network_have_the_same_empty_blocks_and_other_transactions() -> None:
    chain, restarted = Chain(salt=b"1", started_at=NOON), Chain(salt=b"2", started_at=NOON)
    transactions = {chain.send(USDT, BUDI, 1), restarted.send(USDT, BUDI, 1)}
    for each in (chain, restarted):
        each.mine(3)

    assert len(transactions) == 2
    same = [one == other for one, other in zip(hashes(chain), hashes(restarted), strict=True)]
    assert same == [True, False, True, True]
    assert hashes(Chain(2))[0] != hashes(chain)[0]


@pytest.mark.parametrize("depth", [0, -1, 4])
def test_no_more_blocks_are_replaced_than_there_are(depth: int) -> None:
    chain = chain_of(blocks=3)
    before = hashes(chain)

    with pytest.raises(ValueError, match="cannot be replaced"):
        chain.reorg(depth, keep=False)

    assert hashes(chain) == before


def test_impossible_transfers_are_refused() -> None:
    chain = chain_of()
    with pytest.raises(ValueError, match="20 bytes"):
        chain.send(USDT, BUDI[1:], 1)
    for wrong in (-1, 2**256):
        with pytest.raises(ValueError, match="256 bits"):
            chain.send(USDT, BUDI, wrong)
    with pytest.raises(ValueError, match="at least one"):
        chain.batch([])
    with pytest.raises(ValueError, match="only removed"):
        chain.mine(-1)
    assert (chain.pending, chain.head) == ([], 0)
