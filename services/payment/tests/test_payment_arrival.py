"""A proof is in time if it arrived in time, however long its image takes to be decoded and stored."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from chassis.database import UnitOfWork
from chassis.images.processing import Picture
from chassis.images.store import ImageStore
from contracts import Payload, PaymentUploaded
from payment.invoices.commands import claim_for_proof
from payment.invoices.tables import Invoice
from payment.proofs import commands as proofs
from payment.proofs.arrival import AGE_HEADER, LONGEST_UPLOAD
from testkit.clocks import ManualClock
from testkit.driver import Answer

from .payment_driver import PaymentDriver
from .payment_events import Entry

SECOND = timedelta(seconds=1)


@pytest.fixture
def meanwhile(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], Awaitable[Any]]], None]:
    """Have something happen while an image is being stored."""
    keep = ImageStore.put

    def arrange(happens: Callable[[], Awaitable[Any]]) -> None:
        async def slow(store: ImageStore, picture: Picture, *, under: str) -> str:
            path = await keep(store, picture, under=under)
            await happens()
            return path

        monkeypatch.setattr(ImageStore, "put", slow)

    return arrange


Meanwhile = Callable[[Callable[[], Awaitable[Any]]], None]


async def about_to_be_late(driver: PaymentDriver, clock: ManualClock) -> Entry:
    """Return a registration whose deadline is in ten seconds."""
    entry = await driver.register(hours=1)
    clock.advance(timedelta(hours=1) - 10 * SECOND)
    return entry


async def test_a_proof_that_arrived_before_the_deadline_is_taken_though_it_was_stored_after_it(
    driver: PaymentDriver, clock: ManualClock, meanwhile: Meanwhile
) -> None:
    entry = await about_to_be_late(driver, clock)

    async def take_long() -> None:
        clock.advance(15 * SECOND)

    meanwhile(take_long)
    await driver.upload_proof(entry)
    [event] = await driver.published(PaymentUploaded)
    assert event.payload.due_at == entry.expires_at
    assert event.payload.uploaded_at <= entry.expires_at < driver.clock()
    assert await driver.scalar("SELECT uploaded_at FROM payments") == event.payload.uploaded_at


async def test_judged_when_it_is_stored_a_proof_that_arrived_in_time_is_refused(
    driver: PaymentDriver, clock: ManualClock, meanwhile: Meanwhile, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the time of the transaction decides."""

    async def at_commit(work: UnitOfWork, *about: Any, arrived: datetime) -> Invoice:
        return await claim_for_proof(work, *about, arrived=work.now)

    monkeypatch.setattr(proofs, "claim_for_proof", at_commit)
    entry = await about_to_be_late(driver, clock)

    async def take_long() -> None:
        clock.advance(15 * SECOND)

    meanwhile(take_long)
    assert (await driver.try_upload_proof(entry)).is_problem(409, "invoice_expired")


async def test_a_proof_that_arrived_after_the_deadline_is_refused_and_not_kept(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    entry = await about_to_be_late(driver, clock)
    clock.advance(15 * SECOND)
    assert (await driver.try_upload_proof(entry)).is_problem(409, "invoice_expired")
    assert driver.stored_images() == []


async def test_an_expiry_delivered_while_a_proof_in_time_is_stored_does_not_refuse_it(
    driver: PaymentDriver, clock: ManualClock, meanwhile: Meanwhile
) -> None:
    # given
    entry = await about_to_be_late(driver, clock)
    taken = []

    async def expire() -> None:
        clock.advance(15 * SECOND)
        await driver.deliver(entry.expired(known_sequence=0))
        taken.append((await driver.invoice(entry))["status"])

    # when
    meanwhile(expire)
    # then
    await driver.upload_proof(entry)
    assert taken == ["expired"]
    assert (await driver.invoice(entry))["status"] == "proof_uploaded"
    assert (await driver.review_list())[0]["registration_ended"] is None


@pytest.mark.parametrize("code", ["invoice_cancelled", "invoice_expired"])
async def test_a_cancellation_or_a_final_expiry_refuses_a_proof_that_is_being_stored(
    driver: PaymentDriver, clock: ManualClock, meanwhile: Meanwhile, code: str
) -> None:
    entry = await about_to_be_late(driver, clock)
    end: Payload = entry.cancelled() if code == "invoice_cancelled" else entry.expired()  # of an older release

    meanwhile(lambda: driver.deliver(end))
    assert (await driver.try_upload_proof(entry)).is_problem(409, code)
    assert driver.stored_images() == []


async def test_after_an_expiry_no_other_proof_is_taken(driver: PaymentDriver) -> None:
    entry = await driver.register()
    await driver.deliver(entry.expired(known_sequence=0))
    assert (await driver.try_upload_proof(entry)).is_problem(409, "invoice_expired")


@pytest.fixture
async def behind_a_proxy(driver: PaymentDriver) -> AsyncIterator[PaymentDriver]:
    """Yield payment behind the gateway, which adds to each request for how long it was coming in."""
    second_driver = driver.another_process(trusted_proxies=1)
    yield second_driver
    await second_driver.close()


async def upload_late(driver: PaymentDriver, clock: ManualClock, age: str, *, late: timedelta) -> Answer:
    """Upload a proof whose last byte arrives `late` after the deadline, as a request of that age; return the answer."""
    entry = await about_to_be_late(driver, clock)
    clock.advance(10 * SECOND + late)
    return await driver.try_upload_proof(entry, headers={AGE_HEADER: age})


async def test_an_upload_over_a_slow_line_arrived_when_it_began(
    behind_a_proxy: PaymentDriver, clock: ManualClock
) -> None:
    answer = await upload_late(behind_a_proxy, clock, "45.250", late=40 * SECOND)
    answer.require(201)
    assert await behind_a_proxy.scalar("SELECT uploaded_at <= due_at FROM payments")


@pytest.mark.parametrize("age", ["39.000", "", "-1", "1e9", "45,5", "soon"])
async def test_an_upload_that_began_after_the_deadline_is_late(
    behind_a_proxy: PaymentDriver, clock: ManualClock, age: str
) -> None:
    answer = await upload_late(behind_a_proxy, clock, age, late=40 * SECOND)
    assert answer.is_problem(409, "invoice_expired")


async def test_a_slow_upload_gains_a_few_minutes_at_most(behind_a_proxy: PaymentDriver, clock: ManualClock) -> None:
    answer = await upload_late(behind_a_proxy, clock, "999999.000", late=LONGEST_UPLOAD + SECOND)
    assert answer.is_problem(409, "invoice_expired")


async def test_without_a_trusted_proxy_the_age_header_is_ignored(driver: PaymentDriver, clock: ManualClock) -> None:
    answer = await upload_late(driver, clock, "45.250", late=40 * SECOND)
    assert answer.is_problem(409, "invoice_expired")
