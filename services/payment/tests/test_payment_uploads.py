"""Cheap checks come before the image is decoded, and a registration has one upload at a time."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from chassis.database import UnitOfWork
from chassis.images import processing
from chassis.images.processing import Picture, reencode
from payment.proofs import uploads
from testkit.clocks import ManualClock, StoppedClock
from testkit.polling import eventually

from . import payment_pictures as pictures
from .payment_driver import PaymentDriver
from .payment_events import Entry


class Decoder:
    """Counts what the real decoder decodes, and delays it while it is closed."""

    def __init__(self) -> None:
        self.started = 0
        self._open = threading.Event()
        self._open.set()

    def __call__(self, data: bytes, *, into: str | None = None) -> Picture:
        self.started += 1
        assert self._open.wait(timeout=20)
        return reencode(data, into=into)

    @contextmanager
    def closed(self) -> Iterator[None]:
        self._open.clear()
        try:
            yield
        finally:
            self._open.set()

    async def has_started(self, times: int) -> None:
        async def enough() -> bool:
            return self.started >= times

        await eventually(enough)


@pytest.fixture
def clock() -> ManualClock:
    """Seconds of a slow machine do not count."""
    return StoppedClock()


@pytest.fixture
def decoder(monkeypatch: pytest.MonkeyPatch) -> Decoder:
    decoder = Decoder()
    monkeypatch.setattr(processing, "reencode", decoder)
    return decoder


@pytest.fixture
async def second_driver(driver: PaymentDriver) -> AsyncIterator[PaymentDriver]:
    """Yield another process on the same database."""
    other = driver.another_process()
    yield other
    await other.close()


async def test_nothing_is_decoded_for_a_proof_that_can_be_refused_by_its_fields(
    driver: PaymentDriver, decoder: Decoder, clock: ManualClock
) -> None:
    # given
    paid, _ = await driver.register_and_pay()
    waiting, _ = await driver.register_and_upload()
    cancelled, late, fresh = (
        await driver.register(),
        await driver.register(hours=1),
        await driver.register(hours=9),
    )
    await driver.deliver(cancelled.cancelled())
    clock.advance(timedelta(hours=2))
    decoder.started = 0
    # then
    assert (await driver.try_upload_proof(paid)).is_problem(409, "already_paid")
    assert (await driver.try_upload_proof(waiting)).is_problem(409, "proof_pending")
    assert (await driver.try_upload_proof(cancelled)).is_problem(409, "invoice_cancelled")
    assert (await driver.try_upload_proof(late)).is_problem(409, "invoice_expired")
    assert (await driver.try_upload_proof(driver.new_entry())).is_problem(404, "invoice_not_found")
    assert (await driver.try_upload_proof(fresh, amount="1.00")).is_problem(409, "amount_mismatch")
    assert (await driver.try_upload_proof(fresh, payment_method="cash")).is_problem(422, "invalid_fields")
    assert decoder.started == 0
    await driver.upload_proof(fresh)
    assert decoder.started == 1


async def test_the_body_of_an_upload_for_a_paid_invoice_is_not_read(driver: PaymentDriver) -> None:
    # given
    entry, _ = await driver.register_and_pay()
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield b"x" * 1024

    # when
    answer = await driver.call(
        "POST",
        f"/invoices/{entry.id}/proofs",
        by=driver.runner(entry.id),
        headers={"Content-Type": "multipart/form-data; boundary=x"},
        content=body(),
    )
    # then
    assert answer.is_problem(409, "already_paid")
    assert read == 0


async def upload_at_once(
    driver: PaymentDriver, second_driver: PaymentDriver, entry: Entry, decoder: Decoder
) -> list[int]:
    """Upload three proofs for one registration, the others while the first is decoded; return their statuses."""
    decoder.started = 0
    with decoder.closed():
        first = asyncio.create_task(driver.try_upload_proof(entry))
        await decoder.has_started(1)
        others = [asyncio.create_task(each.try_upload_proof(entry)) for each in (driver, second_driver)]
        await asyncio.wait(others, timeout=2)
    return [answer.status for answer in await asyncio.gather(first, *others)]


async def test_while_an_upload_is_decoded_others_for_its_registration_are_refused_in_every_process(
    driver: PaymentDriver, second_driver: PaymentDriver, decoder: Decoder
) -> None:
    # given
    entry, bystander = await driver.register(), await driver.register()
    # when
    assert await upload_at_once(driver, second_driver, entry, decoder) == [201, 409, 409]
    # then
    assert decoder.started == 1
    assert len(driver.stored_images()) == 1
    await driver.upload_proof(bystander)


async def test_the_refusal_says_how_long_to_wait_at_most(
    driver: PaymentDriver, decoder: Decoder, clock: ManualClock
) -> None:
    entry = await driver.register()
    with decoder.closed():
        first = asyncio.create_task(driver.try_upload_proof(entry))
        await decoder.has_started(1)
        for passed, left in ((0, 120), (100, 20), (19.5, 1)):
            clock.advance(timedelta(seconds=passed))
            refused = await driver.try_upload_proof(entry)
            assert refused.is_problem(409, "proof_in_progress")
            assert refused.headers["Retry-After"] == str(left)
            assert f" {left} s" in refused.body["detail"]
        other = await driver.register()
        assert (await driver.try_upload_proof(other, amount="1.00")).is_problem(409, "amount_mismatch")
    (await first).require(201)


async def test_without_the_lease_each_upload_is_decoded(
    driver: PaymentDriver, second_driver: PaymentDriver, decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_lease(work: UnitOfWork, registration_id: UUID) -> UUID:
        return uuid4()

    monkeypatch.setattr(uploads, "begin_upload", no_lease)
    statuses = await upload_at_once(driver, second_driver, await driver.register(), decoder)
    assert sorted(statuses) == [201, 409, 409]
    assert decoder.started == 3


async def test_a_refused_upload_ends_its_lease_at_once(driver: PaymentDriver) -> None:
    entry = await driver.register()
    assert (await driver.try_upload_proof(entry, file=pictures.PDF)).is_problem(415, "unsupported_image")
    assert await driver.rows("SELECT 1 FROM proof_uploads") == []
    await driver.upload_proof(entry)
    assert await driver.rows("SELECT 1 FROM proof_uploads") == []


async def test_the_lease_of_a_process_that_died_expires_and_its_late_end_keeps_a_newer_lease(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    # given
    entry = await driver.register()
    async with driver.database.work() as work:
        await uploads.begin_upload(work, entry.id)
    assert (await driver.try_upload_proof(entry)).is_problem(409, "proof_in_progress")
    # when
    slow = uploads.upload_lease(driver.database, entry.id, entry.amount)
    clock.advance(timedelta(minutes=2))
    await slow.__aenter__()
    clock.advance(timedelta(minutes=2))
    async with uploads.upload_lease(driver.database, entry.id, entry.amount):
        await slow.__aexit__(None, None, None)
        # then
        assert (await driver.try_upload_proof(entry)).is_problem(409, "proof_in_progress")
    await driver.upload_proof(entry)
