"""A plain model of a registration and its invoice, whose events arrive in any order, late and repeatedly.

Tests compare services with it: after all events are handled, in any order, the states are equal.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID, uuid4

from contracts import (
    Payload,
    PaymentDeadlineMoved,
    PaymentMethod,
    PaymentRejected,
    PaymentUploaded,
    PaymentVerified,
    RegistrationCancelled,
    RegistrationExpired,
    RegistrationReopened,
)
from contracts.payments import InvoicePayload
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

AMOUNT = Decimal("150000.00")


def examples(count: int) -> settings:
    """Return settings for `count` reproducible histories on one real database."""
    return settings(
        max_examples=count,
        deadline=None,
        derandomize=True,
        database=None,
        suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
    )


@dataclass
class PlainRegistration:
    """The registration. `handle` takes payment's events, `published` are its own, `free` is whether places are left."""

    id: UUID
    number: str
    expires_at: datetime
    status: str = "pending_payment"
    revision: int = 1
    known_sequence: int = 0
    free: bool = True
    published: list[Payload] = field(default_factory=list)

    def sweep(self) -> None:
        """Expire it, as the deadline passed."""
        if self.status == "pending_payment":
            self._become("expired")

    def cancel(self) -> None:
        """Cancel it, as staff would."""
        if self.status in {"pending_payment", "payment_uploaded"}:
            self._become("cancelled")

    def flip(self) -> None:
        """Toggle whether the places can be taken again."""
        self.free = not self.free

    def handle(self, event: Payload) -> None:
        """Handle an event of payment."""
        assert isinstance(event, InvoicePayload | PaymentDeadlineMoved)
        if event.sequence <= self.known_sequence:
            return
        self.known_sequence = event.sequence
        match event:
            case PaymentDeadlineMoved():
                self.expires_at = max(self.expires_at, event.expires_at)
                self._move_deadline()
            case PaymentUploaded():
                self._follow("payment_uploaded")
            case PaymentRejected() if event.expires_at > event.rejected_at:
                self.expires_at = max(self.expires_at, event.expires_at)
                self._follow("pending_payment")
            case PaymentVerified() if self.status == "cancelled" or (self.status == "expired" and not self.free):
                self._become(self.status)  # a refund is due
            case PaymentVerified():
                self.status = "payment_verified"
                self.revision += 1

    def _follow(self, status: str) -> None:
        if self.status == "expired":
            self._become(status if self.free else "expired")
        elif self.status in {"pending_payment", "payment_uploaded"}:
            self.status = status
            self.revision += 1

    def _move_deadline(self) -> None:
        if self.status in {"expired", "pending_payment"}:
            self._become("pending_payment" if self.status == "pending_payment" or self.free else "expired")

    def _become(self, status: str) -> None:
        self.status = status
        self.revision += 1
        about = {"registration_id": self.id, "registration_number": self.number, "revision": self.revision}
        match status:
            case "expired":
                self.published.append(RegistrationExpired(**about, payment_sequence=self.known_sequence))
            case "cancelled":
                self.published.append(RegistrationCancelled(**about, reason="by phone"))
            case _:
                waits = status == "pending_payment"
                reopened = RegistrationReopened(
                    **about, expires_at=self.expires_at, awaits_payment=waits, payment_sequence=self.known_sequence
                )
                self.published.append(reopened)


@dataclass
class PlainInvoice:
    """The invoice: actions of staff and the runner, numbered, and what it knows of the registration's end."""

    registration: PlainRegistration
    now: Callable[[], datetime]
    status: str = "open"
    ended: str | None = None
    revision: int = 1
    waiting: UUID | None = None
    published: list[InvoicePayload] = field(default_factory=list)

    def upload(self) -> None:
        """Upload a proof."""
        if self.status == "open":
            self.status, self.waiting = "proof_uploaded", uuid4()
            about = {"payment_method": PaymentMethod.QRIS, "uploaded_at": self.now()}
            self.published.append(PaymentUploaded(**self._facts(), **about))

    def reject(self) -> None:
        """Reject the proof."""
        if self.status == "proof_uploaded":
            more = timedelta() if self.ended else timedelta(days=1)
            at = self.now()
            self.published.append(
                PaymentRejected(**self._facts(), reason="blurred", rejected_at=at, expires_at=at + more)
            )
            self.status, self.waiting = self.ended or "open", None

    def verify(self) -> None:
        """Verify the proof."""
        if self.status == "proof_uploaded":
            self.status = "paid"
            about = {"verified_at": self.now(), "verified_by": uuid4(), "registration_revision": self.revision}
            self.published.append(PaymentVerified(**self._facts(), **about))

    def handle(self, event: Payload) -> None:
        """Handle an event of registration."""
        assert isinstance(event, RegistrationExpired | RegistrationCancelled | RegistrationReopened)
        if event.revision <= self.revision:
            return
        self.revision = event.revision
        match event:
            case RegistrationReopened():
                self.ended = None
            case RegistrationCancelled():
                self.ended = "cancelled"
            case RegistrationExpired() if (event.payment_sequence or 0) >= len(self.published):
                self.ended = "expired"
        if self.status not in {"proof_uploaded", "paid"}:
            self.status = self.ended or "open"

    def _facts(self) -> dict[str, object]:
        return {
            "payment_id": self.waiting,
            "registration_id": self.registration.id,
            "amount": AMOUNT,
            "currency": "IDR",
            "sequence": len(self.published) + 1,
        }


ACTS = ("upload", "upload", "reject", "verify", "cancel", "sweep", "sweep", "flip")
"""Actions in a history, by weight. `to_registration` and `to_payment` deliver an event."""
CARRIED = ("to_registration", "to_payment")
OUTAGES = ("broker", "database", "worker")
"""Actions that begin an outage, or end a running one. See `Post`."""

Step = tuple[str, int]
"""An action, or a delivery with a number that picks the event; every third number delivers it again later."""

SKEWS = st.integers(-120, 120).map(lambda seconds: timedelta(seconds=seconds))
"""Differences between the clocks of two services."""


def steps(*acts: str, at_most: int = 24) -> st.SearchStrategy[list[Step]]:
    """Return a strategy for histories of these actions, deliveries and outages."""
    return st.lists(
        st.tuples(st.sampled_from((*acts, *CARRIED, *CARRIED, *OUTAGES)), st.integers(0, 8)), max_size=at_most
    )


def pick(pool: list[Payload], number: int) -> Payload | None:
    """Take an event out of `pool`, or leave it there to be repeated; None if the pool is empty."""
    if not pool:
        return None
    index = number % len(pool)
    return pool[index] if number % 3 == 0 else pool.pop(index)


@dataclass
class Post:
    """Events between two services: in an outbox, on the way, or delivered.

    During an outage of the broker nothing leaves an outbox; during one of the worker of the service under test its
    queue is not read. The test itself simulates an outage of the database, in which nothing is stored.

    Args:
        reader: the delivery to the service under test.
    """

    reader: str
    out: set[str] = field(default_factory=set)
    outbox: dict[str, list[Payload]] = field(default_factory=lambda: {carrier: [] for carrier in CARRIED})
    pools: dict[str, list[Payload]] = field(default_factory=lambda: {carrier: [] for carrier in CARRIED})

    def toggle(self, outage: str) -> None:
        """Begin an outage, or end it."""
        self.out ^= {outage}
        self._leave()

    def mend(self) -> None:
        """End all outages."""
        self.out.clear()
        self._leave()

    def publish(self, carrier: str, event: Sequence[Payload]) -> None:
        """Publish events."""
        self.outbox[carrier] += event
        self._leave()

    def _leave(self) -> None:
        if "broker" not in self.out:
            for carrier, waiting in self.outbox.items():
                self.pools[carrier] += waiting
                waiting.clear()

    def take(self, carrier: str, number: int) -> Payload | None:
        """Return an event to deliver now; None if there is none or an outage prevents it."""
        if "broker" in self.out or (carrier == self.reader and "worker" in self.out):
            return None
        return pick(self.pools[carrier], number)

    @property
    def is_empty(self) -> bool:
        """Return whether all events were delivered."""
        return not any((*self.outbox.values(), *self.pools.values()))


def plain_history(
    registration: PlainRegistration, now: Callable[[], datetime], steps: Sequence[Step]
) -> tuple[PlainInvoice, list[Payload]]:
    """Run a history until all events are delivered. Return the invoice and all published events, in order."""
    invoice = PlainInvoice(registration, now)
    post = Post(reader="to_registration")
    everything: list[Payload] = []
    for act, number in (*steps, ("mended", 0), *((carrier, 1) for _ in range(40) for carrier in CARRIED)):
        before = len(registration.published), len(invoice.published)
        if act in OUTAGES:
            post.toggle(act)
        elif act == "mended":
            post.mend()
        elif act in CARRIED:
            half = registration if act == "to_registration" else invoice
            event = post.take(act, number)
            if event is not None:
                half.handle(event)
        else:
            getattr(invoice if act in {"upload", "reject", "verify"} else registration, act)()
        post.publish("to_payment", registration.published[before[0] :])
        post.publish("to_registration", invoice.published[before[1] :])
        everything += [*registration.published[before[0] :], *invoice.published[before[1] :]]
    return invoice, everything
