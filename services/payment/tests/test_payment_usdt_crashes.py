"""Payment is killed at each commit of a payment in USDT, or loses its answer: the ledger has once what is on the chain.

The negative controls show that the same story notices what would be lost without the precautions.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

import pytest
from chassis.database import UnitOfWork
from chassis.errors import OutcomeUnknown
from contracts import PaymentDeadlineMoved, PaymentVerified
from payment.ledger.consistency import wrong_bookings
from payment.usdt.pay import settling
from payment.usdt.pay.consistency import lost_transfers, unsettled_transfers, wrong_transfers
from payment.usdt.watch.nodes import Nodes
from sqlalchemy.ext.asyncio import AsyncSession

from .payment_driver import PaymentDriver
from .payment_events import Entry
from .usdt_driver import RATE, UsdtDriver, open_usdt

pytestmark = pytest.mark.integration

PRICE: Final = Decimal(350_000)
MORE, AGAIN = Decimal("26.03"), Decimal(3)
"""USDT: one that pays and leaves a surplus, and one that comes when the invoice is paid."""
LEASE: Final = timedelta(minutes=2, seconds=1)


class Killed(ConnectionResetError):
    """The process ended at this commit, or its answer got lost."""


class Commits:
    """Counts the commits of the worker, and interrupts one.

    Args:
        stored: whether the commit that is interrupted is stored.
        dies: whether the process ends with it; if not, only the answer got lost, and it goes on.
    """

    def __init__(self, *, stored: bool, dies: bool) -> None:
        self.count, self.at = 0, -1
        self._stored, self._dies = stored, dies
        self._commit = AsyncSession.commit

    @property
    def was_interrupted(self) -> bool:
        """Return whether there were as many commits."""
        return 0 <= self.at < self.count

    @property
    def has_ended(self) -> bool:
        """Return whether the process has ended."""
        return self._dies and self.was_interrupted

    async def commit(self, session: AsyncSession) -> None:
        """Commit as `AsyncSession` does, unless the process has ended; interrupt the chosen commit."""
        interrupted, ended = self.count == self.at, self.has_ended
        self.count += 1
        stored = not ended and (self._stored or not interrupted)
        await (self._commit(session) if stored else session.rollback())
        if interrupted or ended:
            raise Killed

    @asynccontextmanager
    async def interrupted(self, at: int, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[None]:
        """Interrupt the commit of this number, counted from now on, from zero."""
        self.count, self.at = 0, at
        with monkeypatch.context() as patched:
            # A method, so that it is bound to the session.
            async def commit(session: AsyncSession) -> None:
                await self.commit(session)

            patched.setattr(AsyncSession, "commit", commit)
            yield


class Story:
    """A registration that is paid with too much, shortly before its deadline, and once more, while the worker works."""

    def __init__(self, usdt: UsdtDriver) -> None:
        self.usdt = usdt
        self.paid: list[Entry] = []
        self.held = 0

    async def begin(self, commits: Commits) -> Callable[[], Awaitable[None]]:
        """Return what happens then, until the process has ended."""
        entry = await self.usdt.driver.register(amount=PRICE, hours=0.017)
        quote = await self.usdt.choose(entry)
        self.paid.append(entry)

        async def happens() -> None:
            for amount in (MORE, AGAIN):
                self.usdt.send(quote, amount)
                for step in self._work():
                    if not commits.has_ended:
                        with suppress(OutcomeUnknown):
                            await step()

        return happens

    def _work(self) -> Iterator[Callable[[], Awaitable[Any]]]:
        """Yield the steps of the worker from a transfer that is seen to one that is settled."""
        usdt = self.usdt
        yield from (usdt.mine, usdt.hold, usdt.confirm, usdt.settle_all, usdt.hold)

    async def go_on(self) -> None:
        """Let a new process work, once the lease of the one that ended is over."""
        self.usdt.nodes = Nodes(self.usdt.access)
        self.usdt.driver.clock.advance(LEASE)
        await self.usdt.mine_until_now()
        for step in self._work():
            await step()

    async def require_what_is_on_the_chain(self) -> None:
        """Fail unless each registration was paid once, and the ledger has what was sent."""
        verified = await self.usdt.driver.published_payloads(PaymentVerified)
        assert [each.registration_id for each in verified] == [entry.id for entry in self.paid]
        balances = await self.usdt.balances()
        assert balances["usdt"] == len(self.paid) * (MORE + AGAIN) * RATE
        assert sum(balances.values()) == 0
        async with self.usdt.driver.database.read() as session:
            for check in (wrong_bookings, wrong_transfers, unsettled_transfers, lost_transfers):
                assert await check(session) == [], check
        await self._require_published_deadline()

    async def _require_published_deadline(self) -> None:
        """Fail unless the newest deadline that was published is the invoice's."""
        entry = self.paid[-1]
        moved = await self.usdt.driver.published_payloads(PaymentDeadlineMoved)
        deadlines = [entry.expires_at, *(each.expires_at for each in moved if each.registration_id == entry.id)]
        self.held += len(deadlines) > 1
        assert deadlines[-1] == await self.usdt.driver.deadline(entry)


async def interrupt_each(usdt: UsdtDriver, commits: Commits, monkeypatch: pytest.MonkeyPatch) -> int:
    """Tell the story once for each of its commits, which is interrupted; return how many there were."""
    story = Story(usdt)
    while True:
        number, happens = len(story.paid), await story.begin(commits)
        async with commits.interrupted(number, monkeypatch):
            await happens()
        if not commits.was_interrupted:
            assert story.held, "a deadline waited for the chain"
            return number
        await story.go_on()
        await story.require_what_is_on_the_chain()


@pytest.fixture
async def usdt(driver: PaymentDriver) -> AsyncIterator[UsdtDriver]:
    async with open_usdt(driver) as opened:
        yield opened


@pytest.mark.parametrize("stored", [True, False], ids=["after", "before"])
@pytest.mark.parametrize("dies", [True, False], ids=["killed", "answer_lost"])
async def test_a_worker_that_ends_at_any_commit_neither_loses_nor_doubles_a_payment(
    usdt: UsdtDriver, monkeypatch: pytest.MonkeyPatch, stored: bool, dies: bool
) -> None:
    commits = await interrupt_each(usdt, Commits(stored=stored, dies=dies), monkeypatch)
    assert commits > 15, "the story has the commits of reading, settling and holding"


async def test_without_the_job_that_settles_what_is_left_a_payment_would_be_lost(
    usdt: UsdtDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def nothing() -> None:
        """Settle nothing."""

    monkeypatch.setattr(usdt, "settle_all", nothing)
    with pytest.raises(AssertionError):
        await interrupt_each(usdt, Commits(stored=True, dies=True), monkeypatch)


async def test_transfers_that_are_marked_in_another_transaction_would_be_lost(
    usdt: UsdtDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = settling._mark

    async def on_its_own(_: UnitOfWork, *marked: Any) -> None:
        async with usdt.driver.database.work() as work:
            await mark(work, *marked)

    monkeypatch.setattr(settling, "_mark", on_its_own)
    with pytest.raises(AssertionError):
        await interrupt_each(usdt, Commits(stored=True, dies=True), monkeypatch)
