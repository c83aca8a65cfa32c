"""Any history of a chain, read through unreliable endpoints, ends with what is on it: no transfer twice, none lost.

The negative controls show that the property notices each mistake that the watcher avoids.
"""

import asyncio
from collections.abc import Callable, Sequence
from copy import deepcopy
from functools import partial
from typing import Final

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from payment.usdt.evm.models import Transfer
from payment.usdt.watch import passes, rules, second_look
from payment.usdt.watch.nodes import Node
from payment.usdt.watch.passes import Taken
from payment.usdt.watch.reading import Reading
from payment.usdt.watch.rules import Looked
from simulators.chain import Endpoint, Lie
from testkit.histories import examples

from .usdt_world import World, content, reading

Step = tuple[str, int]
Mistake = Callable[[pytest.MonkeyPatch, World], None]

LONG: Final = 12
"""Blocks: more than the overlap."""
DEEPEST: Final = 6
"""Blocks of a reorganization. More than confirm a transfer, fewer than are remembered."""

_ACTS: Final = (
    *("pay", "pay", "pay", "pay_out", "send", "mine", "mine_many", "give_out", "burst"),
    *("reorg_keeping", "reorg_dropping", "shake", "stray"),
    *("lag", "blink", "forget", "forget", "down", "throttle", "narrow", "lie", "haunt", "mend"),
    *("watch",) * 12,
)


STRAY: Final = [("watch", 0), ("pay", 0), ("pay", 0), ("mine", 1), ("stray", 5), *[("watch", 0), ("mine", 0)] * 20]
"""A transfer, and a block to remember, are those of a stray node; in the real block of that number is another one."""

_RANGES: Final = st.sampled_from([3, 10, 100])


def no_mistake(_: World) -> None:
    """The watcher as it is."""


def histories(*acts: str) -> st.SearchStrategy[list[Step]]:
    return st.lists(st.tuples(st.sampled_from(acts or _ACTS), st.integers(0, 11)), max_size=50)


def readings() -> st.SearchStrategy[Reading]:
    """Finality by number or by tag; overlap as it is with endpoints of short ranges, or with others."""
    return st.builds(partial(reading), confirmations=st.sampled_from([4, None]), wide_overlap=st.sampled_from([0, 64]))


class Player:
    """Plays a history, and checks each pass."""

    def __init__(self, world: World) -> None:
        self.world = world
        self._shaken = False

    async def act(self, name: str, number: int) -> None:
        await getattr(self, name)(number)

    def _endpoint(self, number: int) -> Endpoint:
        return (self.world.main, self.world.backup)[number % 2]

    async def pay(self, number: int) -> None:
        self.world.pay(number)

    async def pay_out(self, number: int) -> None:
        self.world.pay_out(number)

    async def send(self, number: int) -> None:
        """Send without a block: the transaction waits for the next one."""
        self.world.chain.batch([self.world.transfer(number)])

    async def mine(self, number: int) -> None:
        self.world.chain.mine(1 + number % 3)

    async def mine_many(self, number: int) -> None:
        self.world.chain.mine(LONG + number)

    async def give_out(self, _: int) -> None:
        self.world.give_out()

    async def burst(self, _: int) -> None:
        """An address is given out and paid, and many blocks are made, in the middle of the next pass."""

        def happens() -> None:
            self.world.give_out()
            self.world.pay(len(self.world.given) - 1)
            self.world.chain.mine(LONG)

        self.world.during_pass = happens

    async def reorg_keeping(self, number: int) -> None:
        self._reorganize(number, keep=True)

    async def reorg_dropping(self, number: int) -> None:
        self._reorganize(number, keep=False)

    def _reorganize(self, number: int, *, keep: bool) -> None:
        self.world.chain.reorg(min(1 + number % DEEPEST, self.world.chain.head), keep=keep)

    async def shake(self, number: int) -> None:
        """Reorganize the chain in the middle of the next pass, before one of its first requests."""

        def happens() -> None:
            self._shaken = True
            self._reorganize(number, keep=number % 3 > 0)

        self.world.before(1 + number, happens)

    async def blink(self, number: int) -> None:
        """One request of the next pass reaches a node that is behind the others of the main endpoint."""
        lag, main = self.world.main.lag, self.world.main

        def before_request(request: int) -> None:
            main.lag = lag + 3 if request == 1 + number else lag

        self.world.before_request = before_request

    async def stray(self, number: int) -> None:
        """Some requests of the next pass reach a node of the main endpoint with other blocks than the others have."""
        main, chain = self.world.main, self.world.chain

        def before_request(request: int) -> None:
            main.chain = chain
            if number // 2 < request <= number:
                self._shaken, main.chain = True, deepcopy(chain)
                main.chain.reorg(min(3 + number % 4, chain.head), keep=number % 2 > 0)

        self.world.before_request = before_request

    async def lag(self, number: int) -> None:
        self._endpoint(number).lag = number // 2

    async def forget(self, number: int) -> None:
        self._endpoint(number).forgets = number // 2

    async def down(self, number: int) -> None:
        self._endpoint(number).down = True

    async def throttle(self, number: int) -> None:
        self._endpoint(number).throttled = True

    async def narrow(self, number: int) -> None:
        self._endpoint(number).log_range = 1 + number

    async def lie(self, number: int) -> None:
        self._endpoint(number).lies = (Lie.NOT_JSON, Lie.GARBAGE, Lie.CHAIN_ID)[number % 3]

    async def haunt(self, _: int) -> None:
        self.world.haunt()

    async def mend(self, _: int) -> None:
        self.world.calm()

    async def watch(self, _: int) -> None:
        before = self.world.memory
        taken = await self.world.watch()
        if taken is not None and not self._shaken:
            self._check(before, taken)
        self._shaken, self.world.before_request, self.world.main.chain = False, lambda _: None, self.world.chain

    def _check(self, before: rules.Memory, taken: Taken) -> None:
        """What failed is gone, and what was confirmed is there: an endpoint that is behind takes nothing back."""
        chain, transfers = self.world.chain, self.world.memory.transfers
        for key in taken.plan.failed - _phantoms(taken.plan.failed):
            lost = before.transfers[key].transfer
            assert chain.block(lost.block).hash != lost.block_hash, "a transfer failed that is on the chain"
        for key in taken.plan.confirmed:
            assert chain.block(transfers[key].transfer.block).hash == transfers[key].transfer.block_hash
            assert content(transfers[key].transfer) in self.world.on_chain(), (
                "a transfer was confirmed that is not on the chain"
            )


def _phantoms(keys: frozenset[rules.Key]) -> frozenset[rules.Key]:
    return frozenset(key for key in keys if key[0].startswith(b"phantom!"))


async def play(how: Reading, log_range: int, history: Sequence[Step], mistake: Callable[[World], None]) -> None:
    world = World(how, log_range=log_range)
    mistake(world)
    player = Player(world)
    async with world.http:
        for name, number in history:
            await player.act(name, number)
        world.calm()
        await world.watch_until_read()
        for _ in range(2):  # until what nothing proves is given up
            world.chain.mine(rules.UNPROVEN)
            await world.watch_until_read()
    assert world.stored() == world.on_chain()
    assert not world.stored(rules.TransferState.PENDING)


def ends_right(
    how: Reading, log_range: int, history: Sequence[Step], *, mistake: Callable[[World], None] = no_mistake
) -> None:
    asyncio.run(play(how, log_range, history, mistake))


@given(readings(), _RANGES, histories())
@example(reading(wide_overlap=0), 100, STRAY)
@examples(100)
def test_any_history_ends_with_what_is_on_the_chain(how: Reading, log_range: int, history: Sequence[Step]) -> None:
    ends_right(how, log_range, history)


@pytest.mark.parametrize(
    "acts",
    [
        ("pay", "pay_out", "give_out", "reorg_keeping", "reorg_dropping", "shake", "stray"),
        ("pay", "pay_out", "give_out", "burst", "forget", "lag", "narrow", "blink", "mine"),
        ("pay", "pay_out", "haunt", "down", "throttle", "lie", "mine_many", "mend"),
    ],
    ids=["reorganizations", "gaps", "faults"],
)
def test_histories_of_few_kinds_of_faults_end_right_too(acts: Sequence[str]) -> None:
    @given(readings(), _RANGES, histories(*acts, "watch", "watch"))
    @examples(40)
    def ends(how: Reading, log_range: int, history: Sequence[Step]) -> None:
        ends_right(how, log_range, history)

    ends()


def shows(history: Sequence[Step], mistake: Mistake) -> None:
    """Fail the test unless the property notices a mistake in a history, which ends right without it."""
    how = reading(wide_overlap=0)
    ends_right(how, 100, history)
    with pytest.MonkeyPatch.context() as patched, pytest.raises(AssertionError):
        ends_right(how, 100, history, mistake=partial(mistake, patched))


def test_a_hash_of_a_transaction_alone_would_lose_transfers() -> None:
    def by_hash(patched: pytest.MonkeyPatch, _: World) -> None:
        for module in (rules, second_look):
            patched.setattr(module, "key_of", lambda transfer: (transfer.tx_hash, 0))

    shows([("give_out", 0), ("pay_out", 0), ("watch", 0)], by_hash)


def test_addresses_that_are_read_before_the_head_would_lose_transfers() -> None:
    def addresses_first(_: pytest.MonkeyPatch, world: World) -> None:
        world.addresses_first = True

    shows([("watch", 0), ("burst", 0), ("watch", 0)], addresses_first)


def test_without_a_second_look_what_is_not_there_would_be_confirmed() -> None:
    async def believe(_: Sequence[Node], transfers: Sequence[Transfer], **__: float) -> Looked:
        return Looked(confirmed=frozenset(rules.key_of(each) for each in transfers))

    def no_look(patched: pytest.MonkeyPatch, _: World) -> None:
        patched.setattr(passes, "look_again", believe)

    shows([("pay", 0), ("haunt", 0), ("mine_many", 0), ("watch", 0)], no_look)


def test_without_overlap_what_a_node_had_not_indexed_would_be_lost() -> None:
    def no_overlap(_: pytest.MonkeyPatch, world: World) -> None:
        world.how = reading(overlap=0, wide_overlap=0)

    shows([("watch", 0), ("forget", 4), ("pay", 0), ("watch", 0), ("mine", 2), ("watch", 0)], no_overlap)


def test_if_a_contradiction_changed_nothing_a_transfer_of_a_stray_node_would_stay() -> None:
    def no_contradiction(patched: pytest.MonkeyPatch, _: World) -> None:
        keep = rules._anchors
        patched.setattr(rules, "_anchors", lambda memory, read, _: keep(memory, read, None))

    shows(STRAY, no_contradiction)
