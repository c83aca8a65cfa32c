"""Cheap checks come before the image is decoded, and a registration has one upload at a time."""

import asyncio
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from chassis.database import UnitOfWork
from payment.images import processing
from payment.images.processing import Picture, reencode
from payment.proofs import uploads
from testkit.harness import ManualClock
from testkit.polling import eventually

from . import payment_pictures as pictures
from .payment_world import Entry, Office


class Decoder:
    """Stands before the real decoder: counts its work, and holds it up while it is closed."""

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
def decoder(monkeypatch: pytest.MonkeyPatch) -> Decoder:
    decoder = Decoder()
    monkeypatch.setattr(processing, "reencode", decoder)
    return decoder


@pytest.fixture
async def replica(office: Office, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Office]:
    """Another process of the same service, on the same database."""
    other = Office(office.settings.database_url, clock=clock, folder=tmp_path / "images")
    yield other
    await other.close()


async def test_nothing_is_decoded_for_a_proof_that_can_be_refused_by_its_fields(
    office: Office, decoder: Decoder, clock: ManualClock
) -> None:
    # given
    paid, _ = await office.paid()
    waiting, _ = await office.waiting()
    cancelled, late, fresh = (
        await office.registered(),
        await office.registered(hours=1),
        await office.registered(hours=9),
    )
    await office.hear(cancelled.cancelled())
    clock.advance(timedelta(hours=2))
    decoder.started = 0
    # then
    assert (await office.upload(paid)).refused_with(409, "already_paid")
    assert (await office.upload(waiting)).refused_with(409, "proof_pending")
    assert (await office.upload(cancelled)).refused_with(409, "invoice_cancelled")
    assert (await office.upload(late)).refused_with(409, "invoice_expired")
    assert (await office.upload(office.entry())).refused_with(404, "invoice_not_found")
    assert (await office.upload(fresh, amount="1.00")).refused_with(409, "amount_mismatch")
    assert (await office.upload(fresh, payment_method="cash")).refused_with(422, "invalid_fields")
    assert decoder.started == 0
    assert (await office.upload(fresh)).status == 201
    assert decoder.started == 1


async def test_the_body_of_an_upload_for_a_paid_invoice_is_not_read(office: Office) -> None:
    # given
    entry, _ = await office.paid()
    read = 0

    async def body() -> AsyncIterator[bytes]:
        nonlocal read
        for _ in range(100):
            read += 1
            yield b"x" * 1024

    # when
    response = await office.service.http.post(
        f"/api/payment/v1/invoices/{entry.id}/proofs",
        headers={**office.issuer.runner(entry.id), "Content-Type": "multipart/form-data; boundary=x"},
        content=body(),
    )
    # then
    assert (response.status_code, response.json()["code"]) == (409, "already_paid")
    assert read == 0


async def at_once(office: Office, replica: Office, entry: Entry, decoder: Decoder) -> list[int]:
    """Three uploads for one registration, the first still decoding when the others come; their statuses."""
    decoder.started = 0
    with decoder.closed():
        first = asyncio.create_task(office.upload(entry))
        await decoder.has_started(1)
        others = [asyncio.create_task(each.upload(entry)) for each in (office, replica)]
        await asyncio.wait(others, timeout=2)
    return [answer.status for answer in await asyncio.gather(first, *others)]


async def test_while_an_upload_is_decoded_others_for_its_registration_are_refused_in_every_process(
    office: Office, replica: Office, decoder: Decoder
) -> None:
    # given
    entry, bystander = await office.registered(), await office.registered()
    # when
    assert await at_once(office, replica, entry, decoder) == [201, 409, 409]
    # then
    assert decoder.started == 1
    assert len(office.stored()) == 1
    assert (await office.upload(bystander)).status == 201


async def test_the_refusal_says_how_long_to_wait_at_most(office: Office, decoder: Decoder, clock: ManualClock) -> None:
    entry = await office.registered()
    with decoder.closed():
        first = asyncio.create_task(office.upload(entry))
        await decoder.has_started(1)
        for passed, left in ((0, 120), (100, 20), (19.5, 1)):
            clock.advance(timedelta(seconds=passed))
            refused = await office.upload(entry)
            assert refused.refused_with(409, "proof_in_progress")
            assert refused.headers["Retry-After"] == str(left)
            assert f" {left} s" in refused.body["detail"]
        assert (await office.upload(await office.registered(), amount="1.00")).refused_with(409, "amount_mismatch")
    assert (await first).status == 201


async def test_without_the_lease_each_upload_is_decoded(
    office: Office, replica: Office, decoder: Decoder, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def no_lease(work: UnitOfWork, registration_id: UUID) -> UUID:
        return uuid4()

    monkeypatch.setattr(uploads, "begin_upload", no_lease)
    statuses = await at_once(office, replica, await office.registered(), decoder)
    assert sorted(statuses) == [201, 409, 409]
    assert decoder.started == 3


async def test_a_refused_upload_makes_room_for_the_next_at_once(office: Office) -> None:
    entry = await office.registered()
    assert (await office.upload(entry, file=pictures.PDF)).refused_with(415, "unsupported_image")
    assert await office.rows("SELECT 1 FROM proof_uploads") == []
    assert (await office.upload(entry)).status == 201
    assert await office.rows("SELECT 1 FROM proof_uploads") == []


async def test_the_lease_of_a_process_that_died_ends_by_itself_and_leaves_its_successor_alone(
    office: Office, clock: ManualClock
) -> None:
    # given
    entry = await office.registered()
    async with office.database.work() as work:
        await uploads.begin_upload(work, entry.id)
    assert (await office.upload(entry)).refused_with(409, "proof_in_progress")
    # when
    slow = uploads.upload_lease(office.database, entry.id, entry.amount)
    clock.advance(timedelta(minutes=2))
    await slow.__aenter__()
    clock.advance(timedelta(minutes=2))
    async with uploads.upload_lease(office.database, entry.id, entry.amount):
        await slow.__aexit__(None, None, None)
        # then
        assert (await office.upload(entry)).refused_with(409, "proof_in_progress")
    assert (await office.upload(entry)).status == 201
