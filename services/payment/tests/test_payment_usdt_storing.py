"""What passes over a chain leave in the tables, also when processes die, compete, or read another chain."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID

import pytest
from chassis.auth.principals import Role, Staff
from payment.usdt.watch import cursors, storing
from payment.usdt.watch.commands import resume
from payment.usdt.watch.cursors import LeaseLost, claim
from payment.usdt.watch.following import watch_all
from payment.usdt.watch.passes import take_pass
from payment.usdt.watch.queries import troubled
from payment.usdt.watch.rules import ANCHORS, TransferState
from simulators.chain import Lie, Transfer

from .payment_driver import PaymentDriver
from .usdt_watched import CONFIRMATIONS, Watched, watching
from .usdt_world import OTHER, USDT, reading

pytestmark = pytest.mark.integration


@pytest.fixture
async def chain(driver: PaymentDriver) -> AsyncIterator[Watched]:
    async with watching(driver) as watched:
        yield watched


async def test_a_transfer_is_stored_with_its_registration_until_it_is_confirmed(chain: Watched) -> None:
    # given
    given = await chain.give()
    tx_hash = chain.pay(given, 21_030_000)
    # when
    await chain.mine()
    # then
    [row] = await chain.transfers("pending")
    block = chain.chain.block(chain.chain.head)
    assert (row["tx_hash"], row["block_hash"], row["block_time"]) == (tx_hash, block.hash, block.time)
    assert (row["registration_id"], row["kind"], row["units"]) == (given.registration_id, "usdt", 21_030_000)
    assert chain.settled == [given.registration_id]

    # and when it is old enough
    await chain.mine(CONFIRMATIONS - 1)
    [row] = await chain.transfers("confirmed")
    assert row["confirmed_at"] is not None
    assert chain.settled == [given.registration_id] * 2
    assert chain.asked_in_transaction == 0


async def test_the_cursor_says_how_far_the_chain_was_read_and_confirmed(chain: Watched) -> None:
    await chain.mine(10)
    cursor, head = await chain.cursor(), chain.chain.head
    final = chain.chain.block(head - CONFIRMATIONS + 1)
    assert (cursor["head_block"], cursor["scanned_block"]) == (head, head)
    assert (cursor["confirmed_block"], cursor["confirmed_time"]) == (final.number, final.time)
    assert (cursor["trouble"], cursor["stopped"]) == (None, False)


async def test_one_transaction_pays_several_and_a_wrong_token_is_told_from_usdt(chain: Watched) -> None:
    one, two = await chain.give(), await chain.give()
    transfers = [Transfer(USDT, one.address, 1), Transfer(USDT, two.address, 2), Transfer(OTHER, two.address, 3)]
    tx_hash = chain.chain.batch(transfers)
    await chain.mine()
    rows = await chain.transfers()
    assert [(row["units"], row["kind"], row["registration_id"]) for row in rows] == [
        (1, "usdt", one.registration_id),
        (2, "usdt", two.registration_id),
        (3, "other_token", two.registration_id),
    ]
    assert {row["tx_hash"] for row in rows} == {tx_hash}


async def test_amounts_of_78_digits_are_stored_exactly(chain: Watched) -> None:
    chain.pay(await chain.give(), 2**256 - 1)
    await chain.mine()
    assert await chain.states() == [(2**256 - 1, "pending")]


# --- reorganizations


async def test_a_dropped_transfer_fails_and_a_repeated_one_is_back(chain: Watched) -> None:
    given = await chain.give()
    chain.pay(given, 7)
    await chain.mine()
    chain.chain.reorg(1, keep=False)
    await chain.watch()
    [row] = await chain.transfers("failed")
    assert row["failed_at"] is not None
    assert chain.settled == [given.registration_id] * 2

    chain.pay(given, 8)
    await chain.mine()
    chain.chain.reorg(2, keep=True)
    await chain.watch()
    await chain.mine(CONFIRMATIONS)
    assert [each for each in await chain.states() if each[1] != "failed"] == [(8, "confirmed")]


async def test_a_failed_transfer_that_is_found_in_its_old_place_is_pending_again(chain: Watched) -> None:
    # given a transfer that failed, in a block that is of the chain again
    given = await chain.give()
    chain.pay(given, 7)
    await chain.mine()
    [before] = await chain.transfers()
    await chain.driver.execute("UPDATE blockchain_transactions SET state = 'failed', failed_at = now()")
    # when the block is read again
    await chain.mine()
    # then
    [row] = await chain.transfers()
    assert (row["id"], row["state"], row["failed_at"]) == (before["id"], "pending", None)


async def test_another_transfer_in_the_place_of_a_failed_one_takes_nothing_over(chain: Watched) -> None:
    # given a stored transfer whose place on the chain is that of another
    one, two = await chain.give(), await chain.give()
    chain.pay(two, 9)
    await chain.mine()
    await chain.driver.execute(
        "UPDATE blockchain_transactions SET state = 'failed', failed_at = now(), settled = 'paid', units = 7,"
        " recipient = :recipient, registration_id = :registration",
        recipient=one.address,
        registration=one.registration_id,
    )
    # when
    await chain.mine()
    # then it is the other's, and nothing became of its money yet
    [row] = await chain.transfers()
    assert (row["units"], row["recipient"], row["registration_id"]) == (9, two.address, two.registration_id)
    assert (row["state"], row["settled"]) == ("pending", None)


async def test_what_became_of_the_money_stays_with_a_transfer_that_moves(chain: Watched) -> None:
    chain.pay(await chain.give(), 7)
    await chain.mine(CONFIRMATIONS)
    await chain.driver.execute("UPDATE blockchain_transactions SET settled = 'paid', block_hash = sha256('x')")
    await chain.mine()
    [row] = await chain.transfers()
    assert (row["state"], row["settled"]) == ("confirmed", "paid")
    assert row["block_hash"] == chain.chain.block(row["block_number"]).hash


async def test_a_reorganization_deeper_than_what_is_remembered_stops_the_network_until_staff_resume_it(
    chain: Watched,
) -> None:
    # given a transfer, and anchors that are of another chain
    given = await chain.give()
    chain.pay(given, 7)
    await chain.mine(CONFIRMATIONS)
    await chain.driver.execute("UPDATE chain_blocks SET hash = sha256(hash)")
    # when
    await chain.mine()
    # then
    cursor = await chain.cursor()
    assert (cursor["trouble"], cursor["stopped"]) == ("too_deep", True)
    assert await _troubled(chain) == {chain.chain.chain_id}
    requests = chain.main.requests
    await chain.mine()
    assert chain.main.requests == requests

    # and when it is resumed, it is read from before its last final block on
    chain.pay(given, 8)
    chain.chain.mine()
    owner = Staff(id=UUID(int=7), role=Role.OWNER, session_id=UUID(int=8))
    async with chain.driver.database.work() as work:
        await resume(work, chain.chain.chain_id, by=owner)
    await chain.mine(CONFIRMATIONS)
    assert await chain.states() == [(7, "confirmed"), (8, "confirmed")]
    assert await chain.trouble() is None
    assert [each["action"] for each in await chain.driver.audit_log("usdt_network.resume")]


async def _troubled(chain: Watched) -> set[int]:
    async with chain.driver.database.read() as session:
        return set(await troubled(session, chain.driver.clock()))


async def test_only_the_newest_anchors_are_kept(chain: Watched) -> None:
    first = chain.chain.head
    await chain.driver.execute(
        "INSERT INTO chain_blocks SELECT :chain, number, sha256('x') FROM generate_series(1, 250) AS number",
        chain=chain.chain.chain_id,
    )
    await chain.mine()
    numbers = [row["number"] for row in await chain.driver.rows("SELECT number FROM chain_blocks ORDER BY number")]
    assert len(numbers) == ANCHORS
    assert numbers[-2:] == [first, first + 1]


# --- processes


async def test_of_many_processes_one_reads_at_a_time(chain: Watched) -> None:
    chain.pay(await chain.give(), 7)
    chain.chain.mine()
    chain.driver.clock.advance(timedelta(seconds=5))
    before = chain.main.calls["eth_getLogs"]
    await asyncio.gather(*(chain.watch_alone() for _ in range(5)))
    assert chain.main.calls["eth_getLogs"] - before == 1
    assert await chain.states() == [(7, "pending")]


async def test_a_pass_whose_lease_ran_out_changes_nothing(chain: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    # given a pass that was read, and whose process then slept
    given = await chain.give()
    chain.pay(given, 7)
    chain.chain.mine()
    chain.driver.clock.advance(timedelta(seconds=5))
    late = await claim(chain.driver.database, chain.chain.chain_id)
    assert late is not None
    async with chain.driver.database.read() as session:
        memory = await storing.load(session, late)

    async def addresses() -> list[bytes]:
        return [given.address]

    network = await chain.network()
    taken = await take_pass(chain.nodes.of(network), memory, reading(), addresses)
    # when another process takes over
    chain.driver.clock.advance(cursors._LEASE)
    chain.chain.reorg(1, keep=False)
    await chain.watch()
    # then
    with pytest.raises(LeaseLost):
        async with chain.driver.database.work() as work:
            await storing.store(work, late, network, taken)
    assert await chain.states() == []


async def test_a_process_that_dies_leaves_its_network_to_others_after_its_lease(chain: Watched) -> None:
    chain.driver.clock.advance(timedelta(seconds=5))
    assert await claim(chain.driver.database, chain.chain.chain_id) is not None
    chain.pay(await chain.give(), 7)
    await chain.mine()
    assert await chain.states() == []

    chain.driver.clock.advance(cursors._LEASE)
    await chain.watch()
    assert await chain.states() == [(7, "pending")]


async def test_a_failing_settlement_does_not_keep_others_from_being_settled(chain: Watched) -> None:
    one, two = await chain.give(), await chain.give()
    chain.pay(one, 1)
    chain.pay(two, 2)
    chain.chain.mine()
    chain.driver.clock.advance(timedelta(seconds=5))
    called = []

    async def settle(registration_id: UUID) -> None:
        called.append(registration_id)
        raise RuntimeError

    await watch_all(chain.driver.database, chain.nodes, settle)
    assert set(called) == {one.registration_id, two.registration_id}


async def test_addresses_are_watched_until_their_time_is_over(chain: Watched) -> None:
    given = await chain.give(watched=timedelta(minutes=1))
    chain.driver.clock.advance(timedelta(minutes=2))
    chain.chain.mine_until(chain.driver.clock())
    await chain.watch()
    chain.pay(given, 7)
    await chain.mine()
    assert await chain.states() == []


async def test_the_first_pass_reads_from_the_oldest_address_on(driver: PaymentDriver) -> None:
    watched = Watched(driver)
    driver.clock.advance(timedelta(minutes=5))  # of which the times of blocks are behind
    given = await watched.give()
    watched.pay(given, 7)
    watched.chain.mine(1)
    driver.clock.advance(timedelta(minutes=30))
    watched.chain.mine_until(driver.clock())
    await watched.open(log_range=5000)
    await watched.watch()
    assert await watched.states() == [(7, "confirmed")]
    await watched.http.aclose()


# --- trouble


@pytest.mark.parametrize(
    ("lie", "trouble"), [(None, "endpoint_down"), (Lie.NOT_JSON, "endpoint_down"), (Lie.GARBAGE, "endpoint_lies")]
)
async def test_trouble_is_stored_with_its_beginning_and_ends_with_the_next_pass(
    chain: Watched, lie: Lie | None, trouble: str
) -> None:
    # given
    for each in (chain.main, chain.backup):
        each.lies, each.down = lie, lie is None
    # when
    await chain.mine()
    first = await chain.cursor()
    chain.driver.clock.advance(timedelta(minutes=30))
    await chain.watch()
    # then
    cursor = await chain.cursor()
    assert (cursor["trouble"], cursor["trouble_since"]) == (trouble, first["trouble_since"])
    assert await _troubled(chain) == {chain.chain.chain_id}

    # and when an endpoint is back
    chain.backup.lies, chain.backup.down = None, False
    chain.driver.clock.advance(timedelta(minutes=2))
    chain.chain.mine_until(chain.driver.clock())
    await chain.watch()
    cursor = await chain.cursor()
    assert (cursor["trouble"], cursor["trouble_since"], cursor["endpoint"]) == (None, None, 1)
    assert await _troubled(chain) == set()


async def test_an_unexpected_error_is_a_trouble_too(chain: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("payment.usdt.watch.following.take_pass", fail)
    await chain.mine()
    assert await chain.trouble() == "failed"


async def test_a_pass_that_cannot_be_stored_is_a_trouble_too(chain: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patched:
        patched.setattr("payment.usdt.watch.following.store", fail)
        await chain.mine()
    assert await chain.trouble() == "failed"
    assert await chain.states() == []


async def test_one_network_in_trouble_hides_no_other(chain: Watched) -> None:
    # given two networks, of which one cannot be read
    other = Watched(chain.driver, chain_id=56, name="bsc")
    await other.open()
    given = await chain.give()
    chain.main.down = chain.backup.down = True
    await chain.mine()
    # when
    other.pay(given, 7)
    await other.mine()
    # then
    assert await other.states() == [(7, "pending")]
    assert other.settled == [given.registration_id]
    await other.http.aclose()


async def test_networks_that_are_not_offered_are_not_read(chain: Watched) -> None:
    await chain.driver.execute("UPDATE usdt_networks SET enabled = false")
    before = chain.main.requests
    await chain.mine()
    assert chain.main.requests == before


async def test_an_endpoint_keeps_what_it_accepts_between_passes(chain: Watched) -> None:
    await chain.give()
    chain.main.log_range = 10
    await chain.mine(100)
    before = chain.main.calls["eth_getLogs"]
    await chain.mine()
    assert chain.main.calls["eth_getLogs"] - before == 1


async def test_what_was_found_pending_before_the_oldest_anchor_is_still_confirmed(chain: Watched) -> None:
    chain.pay(await chain.give(), 7)
    await chain.mine()
    newest = "SELECT max(number) FROM chain_blocks"
    await chain.mine(2)
    await chain.driver.execute(f"DELETE FROM chain_blocks WHERE number < ({newest})")
    await chain.mine(CONFIRMATIONS)
    assert [state for _, state in await chain.states()] == [TransferState.CONFIRMED]
