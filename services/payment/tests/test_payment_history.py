"""Events of both sides come late, twice and in any order: in the end invoice and registration agree.

Registration's clock differs from payment's, and broker, database and worker are out for a while.
"""

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from chassis.auth.principals import Role
from chassis.database import UnitOfWork
from chassis.images.processing import reencode
from contracts import Event, Payload, PaymentDeadlineMoved, PaymentMethod
from contracts.payments import InvoicePayload
from hypothesis import given
from hypothesis import strategies as st
from payment.invoices import commands
from payment.invoices.errors import InvoiceExpired
from payment.proofs.commands import Proof, record_proof
from testkit.histories import ACTS, CARRIED, OUTAGES, SKEWS, PlainRegistration, Post, Step, examples, steps

from .payment_driver import PaymentDriver
from .payment_events import Entry
from .payment_pictures import jpeg

PICTURE = reencode(jpeg())
STEPS = steps(*ACTS)
HOURS_TO_PAY = 2
GRACE = timedelta(minutes=10)
A_WHILE = timedelta(hours=3)
"""The time that passes before a step whose number is above 5, a third of them: deadlines pass within histories."""


class History:
    """Payment as it is, a plain registration, and the events between them.

    Args:
        skew: how far registration's clock is ahead.
    """

    def __init__(self, driver: PaymentDriver, skew: timedelta = timedelta()) -> None:
        self.driver = driver
        self.skew = skew
        self.entry = driver.new_entry(hours=HOURS_TO_PAY)
        self.registration = PlainRegistration(self.entry.id, self.entry.number, self.entry.expires_at)
        self.post = Post(reader="to_payment")
        self.sequence = 0
        self._lost: list[Event[Any]] = []

    async def play(self, steps: Sequence[Step], *, late: bool = False) -> None:
        """Take these steps, then deliver all events. `late`: the invoice is opened hours after the registration."""
        await self.driver.forget_published()
        registered_at = self.driver.clock() + self.skew - timedelta(hours=3 if late else 0)
        await self.driver.deliver(self.entry.created(), occurred_at=registered_at)
        await self._publish()
        for act, number in steps:
            self.driver.clock.advance(A_WHILE if number > 5 else timedelta(minutes=1))
            await self._step(act, number)
        await self._settle()

    async def pass_deadline(self) -> None:
        """Let the last deadline pass, and deliver all events."""
        self.driver.clock.advance(timedelta(days=30))
        await self._step("sweep", 0)
        await self._settle()

    async def _settle(self) -> None:
        for outage in sorted(self.post.out):
            await self._step(outage, 0)
        while not self.post.is_empty:
            for carrier in CARRIED:
                await self._step(carrier, 1)

    async def _step(self, act: str, number: int) -> None:
        said = len(self.registration.published)
        if act in OUTAGES:
            await self._toggle(act)
        elif act in CARRIED:
            await self._carry(act, number)
        else:
            await self._act(act)
        self.post.publish("to_payment", self.registration.published[said:])
        await self._publish()

    async def _publish(self) -> None:
        """Put what payment published since the last step on its way."""
        for payload in await self.driver.published_payloads(Payload):
            if not isinstance(payload, InvoicePayload | PaymentDeadlineMoved):
                continue
            if payload.sequence > self.sequence:
                self.sequence = payload.sequence
                self.post.publish("to_registration", [payload])

    async def _act(self, act: str) -> None:
        if act == "upload":
            await self._upload()
        elif act in {"verify", "reject"}:
            await self._decide(act)
        elif act == "sweep":
            self._sweep()
        else:
            getattr(self.registration, act)()

    async def _toggle(self, outage: str) -> None:
        self.post.toggle(outage)
        if not self._database_out:
            for event in self._lost:
                await self.driver.redeliver(event)
            self._lost = []

    @property
    def _database_out(self) -> bool:
        return "database" in self.post.out

    async def _carry(self, carrier: str, number: int) -> None:
        payload = self.post.take(carrier, number)
        if payload is None:
            return
        occurred_at = self.driver.clock() + self.skew
        if carrier == "to_registration":
            self.registration.handle(payload)
        elif self._database_out:
            self._lost.append(await self.driver.deliver_in_vain(payload, occurred_at=occurred_at))
        else:
            await self.driver.deliver(payload, occurred_at=occurred_at)

    def _sweep(self) -> None:
        """Expire the registration if its deadline and the grace have passed by its own clock."""
        if self.driver.clock() + self.skew > self.registration.expires_at + GRACE:
            self.registration.sweep()

    async def _upload(self) -> None:
        invoice = await self.status()
        if self._database_out or invoice["status"] != "open":
            return
        in_time = self.driver.clock() <= invoice["expires_at"]
        proof = Proof(self.entry.id, PaymentMethod.QRIS, self.entry.amount, self.driver.clock(), None)
        with nullcontext() if in_time else pytest.raises(InvoiceExpired):
            async with self.driver.database.work() as work:
                await record_proof(work, proof, PICTURE, f"proofs/{uuid4().hex}.jpg")

    async def _decide(self, act: str) -> None:
        if self._database_out:
            return
        self.driver.finance = self.driver.staff(Role.FINANCE)  # the last one may have expired
        waiting = "SELECT id FROM payments WHERE registration_id = :id AND status = 'uploaded'"
        for row in await self.driver.rows(waiting, id=self.entry.id):
            await (self.driver.verify(row["id"]) if act == "verify" else self.driver.reject(row["id"]))

    async def status(self) -> Any:
        """Return status and deadline of the invoice, and how the registration ended as far as payment knows."""
        query = "SELECT status, registration_ended, expires_at FROM invoices WHERE registration_id = :id"
        return (await self.driver.rows(query, id=self.entry.id))[0]

    async def agrees(self) -> bool:
        """Return whether the invoice is as if every event had been delivered at once."""
        registration, invoice = self.registration.status, await self.status()
        ended = registration if registration in {"expired", "cancelled"} else None
        open_ = {"pending_payment": {"open"}, "payment_uploaded": {"proof_uploaded"}, "payment_verified": {"paid"}}
        expected = open_.get(registration, {registration, "proof_uploaded", "paid"})
        if registration == "payment_verified":  # an end before the money stays on record
            return bool(invoice["status"] == "paid")
        if registration == "pending_payment" and invoice["expires_at"] != self.registration.expires_at:
            return False
        return bool(invoice["status"] in expected and invoice["registration_ended"] == ended)


@given(steps=STEPS, skew=SKEWS, late=st.booleans())
@examples(60)
async def test_the_invoice_ends_in_the_state_of_the_registration(
    driver: PaymentDriver, steps: Sequence[Step], skew: timedelta, *, late: bool
) -> None:
    history = History(driver, skew)
    await history.play(steps, late=late)
    assert await history.agrees(), (await history.status(), history.registration)
    await history.pass_deadline()
    assert history.registration.status != "pending_payment"
    assert await history.agrees(), (await history.status(), history.registration)


NEWS = st.lists(st.sampled_from(["corrected", "expired", "reopened", "cancelled"]), max_size=7)


def told(entry: Entry, news: Sequence[str]) -> Iterator[Payload]:
    """Yield the events of a registration: only what expired is opened again, and a cancellation is its last end."""
    yield entry.created()
    status = "open"
    for number, each in enumerate(news):
        if each == "corrected":
            yield entry.corrected(f"Budi {number}")
        elif each == "reopened" and status == "expired":
            status = "open"
            yield entry.reopened(known_sequence=0, awaits=True)
        elif each in {"expired", "cancelled"} and status == "open":
            status = each
            yield entry.expired() if each == "expired" else entry.cancelled()


async def known(driver: PaymentDriver, entry: Entry) -> Any:
    """Return what payment knows of a registration."""
    query = "SELECT status, registration_ended, payer_name, revision FROM invoices WHERE registration_id = :id"
    return (await driver.rows(query, id=entry.id))[0]


@given(news=NEWS)
@examples(40)
async def test_events_at_the_same_moment_end_as_in_order(driver: PaymentDriver, news: Sequence[str]) -> None:
    in_order, at_once = driver.new_entry(), driver.new_entry()
    for payload in told(in_order, news):
        await driver.deliver(payload)
    payloads = list(told(at_once, news))
    await driver.deliver_together(*payloads, *payloads[::2])
    assert await known(driver, at_once) == await known(driver, in_order)


# The proof is on its way while the registration expires; it is reopened, and staff reject the proof.
CROSSING: Sequence[Step] = [("upload", 0), ("sweep", 8), ("to_payment", 1), ("to_registration", 1), ("reject", 0)]


@pytest.mark.parametrize("guarded", [True, False])
async def test_invoice_and_registration_agree_only_by_the_known_sequence(
    driver: PaymentDriver, monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    close_invoice = commands.close_invoice

    async def without_sequence(work: UnitOfWork, *args: Any, revision: int, known_sequence: int | None) -> None:
        await close_invoice(work, *args, revision=revision)

    if not guarded:
        monkeypatch.setattr(commands, "close_invoice", without_sequence)
    history = History(driver)
    await history.play(CROSSING)
    assert await history.agrees() is guarded
