"""What needs staff, with the page where the work is done. Each is for the roles that may open that page."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from chassis.auth.principals import Role

from web.console.access import ADMIN, EVERYONE, FINANCE, StaffOnly
from web.console.menu import ROOT
from web.console.overview.answers import (
    Conflicts,
    GatewayAccount,
    Handouts,
    MessageStats,
    PaymentStats,
    Queues,
    Reconciliations,
)
from web.console.overview.remembered import NOT_ASKED, Part
from web.console.surplus.models import KeptMoney

_TICKET: Final = "registration.confirmed"


@dataclass(frozen=True)
class Work:
    """How much there is to do.

    Attributes:
        is_more: whether there is more than was counted.
        oldest_at: since when the oldest waits, if it is known.
        amount: of money, if it is about money.
        names: what it is about, by codes.
    """

    count: int
    is_more: bool = False
    oldest_at: datetime | None = None
    amount: Decimal | None = None
    names: Sequence[str] = ()


@dataclass(frozen=True)
class Kind:
    """One kind of work.

    Attributes:
        name: under which templates have its words.
        path: of the page that it leads to, in Indonesian.
        access: of that page.
        hot_after: age of the oldest from which it is urgent; None if it is urgent at once.
        is_of_race: whether it is about one race, which its link names.
    """

    name: str
    path: str
    access: StaffOnly
    hot_after: timedelta | None
    is_of_race: bool = False


PROOFS: Final = Kind("proofs", f"{ROOT}/review", FINANCE, timedelta(hours=6))
TICKETS: Final = Kind("tickets", f"{ROOT}/messages?event_type={_TICKET}&status=failed", EVERYONE, None)
FAILED: Final = Kind("failed", f"{ROOT}/messages?status=failed", EVERYONE, timedelta(hours=6))
REFUNDS: Final = Kind("refunds", f"{ROOT}/refunds", FINANCE, timedelta(days=3))
SURPLUS: Final = Kind("surplus", f"{ROOT}/surplus?state=open", FINANCE, timedelta(days=3))
SURPLUS_DUE: Final = Kind("surplus_due", f"{ROOT}/surplus?state=refund_due", FINANCE, timedelta(days=3))
DIFFERENCES: Final = Kind("differences", f"{ROOT}/reconciliation", FINANCE, None)
GATEWAY_KEY: Final = Kind("gateway_key", f"{ROOT}/gateway", ADMIN, None)
GIVEN_UP: Final = Kind("given_up", f"{ROOT}/queues", ADMIN, None)
CONFLICTS: Final = Kind("conflicts", f"{ROOT}/conflicts", ADMIN, None)
CANCELLED_PACKS: Final = Kind("cancelled_packs", f"{ROOT}/pickup", ADMIN, None, is_of_race=True)


@dataclass(frozen=True)
class Need:
    """A kind of work and how much of it there is.

    Attributes:
        part: without a value if its API does not answer.
        age_seconds: of the oldest, if it is known.
    """

    kind: Kind
    part: Part[Work]
    age_seconds: float | None = None

    @property
    def heat(self) -> str:
        """Return how urgent it is: `calm` if nothing waits, `warm` or `hot`; `unknown` without an answer."""
        if self.part.value is None:
            return "unknown"
        if not self.part.value.count and not self.part.value.names:
            return "calm"
        if self.kind.hot_after is None:
            return "hot"
        return "hot" if (self.age_seconds or 0) >= self.kind.hot_after.total_seconds() else "warm"


@dataclass(frozen=True)
class NeedsRead:
    """What the APIs answered that needs are made of."""

    payment: Part[PaymentStats]
    kept: Part[KeptMoney]
    kept_due: Part[KeptMoney]
    reconciliations: Part[Reconciliations]
    account: Part[GatewayAccount]
    messages: Part[MessageStats]
    queues: Sequence[Part[Queues]]
    conflicts: Part[Conflicts]
    cancelled_packs: Part[Handouts]


def needs_of(found: NeedsRead, role: Role, now: datetime) -> Sequence[Need]:
    """Return the needs that a role may see to, in the order of the page."""
    return [Need(kind, part, _age(part.value, now)) for kind, part in _all_needs(found) if kind.access.admits(role)]


def _age(work: Work | None, now: datetime) -> float | None:
    return (now - work.oldest_at).total_seconds() if work and work.oldest_at else None


def _all_needs(found: NeedsRead) -> Iterator[tuple[Kind, Part[Work]]]:
    yield PROOFS, _read(found.payment, _proofs)
    yield TICKETS, _read(found.messages, _tickets)
    yield FAILED, _read(found.messages, _failed)
    yield REFUNDS, _read(found.payment, _refunds)
    yield SURPLUS, _read(found.kept, _kept)
    yield SURPLUS_DUE, _read(found.kept_due, _kept)
    yield DIFFERENCES, _read(found.reconciliations, _differences)
    if found.account.value is not None and found.account.value.refused_since is not None:
        yield GATEWAY_KEY, _read(found.account, _refused_key)
    yield GIVEN_UP, _given_up(found.queues)
    yield CONFLICTS, _read(found.conflicts, _conflicts)
    if found.cancelled_packs is not NOT_ASKED:
        yield CANCELLED_PACKS, _read(found.cancelled_packs, _cancelled_packs)


def _read(part: Part[Any], work: Callable[[Any], Work]) -> Part[Work]:
    return Part(None if part.value is None else work(part.value), part.as_of)


def _proofs(stats: PaymentStats) -> Work:
    return Work(stats.waiting.count, oldest_at=stats.waiting.oldest_at)


def _refunds(stats: PaymentStats) -> Work:
    due = stats.refunds_due
    count = sum(each.payments for each in due.amounts)
    return Work(count, oldest_at=due.oldest_at, amount=stats.to_pay_back)


def _kept(found: KeptMoney) -> Work:
    oldest_at = found.items[0].received_at if found.items else None
    return Work(len(found.items), found.next_cursor is not None, oldest_at, found.amount)


def _differences(found: Reconciliations) -> Work:
    """Return the differences of the last reconciliation; none while it has not run yet."""
    return Work(found.items[0].differences if found.items else 0)


def _refused_key(account: GatewayAccount) -> Work:
    return Work(1, oldest_at=account.refused_since)


def _tickets(stats: MessageStats) -> Work:
    waiting = stats.undelivered_tickets
    return Work(waiting.count, waiting.count >= stats.counted_at_most, waiting.oldest_at)


def _failed(stats: MessageStats) -> Work:
    failed = stats.failed
    return Work(failed.count, failed.count >= stats.counted_at_most, failed.oldest_at, names=stats.channels_in_trouble)


def _conflicts(found: Conflicts) -> Work:
    is_more = found.next_cursor is not None
    oldest_at = found.items[-1].received_at if found.items and not is_more else None
    return Work(len(found.items), is_more, oldest_at)


def _cancelled_packs(found: Handouts) -> Work:
    return Work(len(found.items), found.next_cursor is not None)


def _given_up(queues: Sequence[Part[Queues]]) -> Part[Work]:
    """Return the events that were given up by all services; with a remembered answer, as of the oldest.

    Where a service does not answer, there may be more; that none was given up cannot be known then.
    """
    values = [each.value.dead_letters.count for each in queues if each.value is not None]
    times = [each.as_of for each in queues if each.as_of is not None]
    is_whole = len(values) == len(queues)
    if not is_whole and not sum(values):
        return Part(None)
    return Part(Work(sum(values), is_more=not is_whole), min(times, default=None))
