"""In time is what arrived in time, however long its image takes to be decoded and stored."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from contracts import Payload, PaymentUploaded
from payment.images.processing import Picture
from payment.images.store import ImageStore
from payment.proofs.arrival import AGE_HEADER, LONGEST_UPLOAD
from testkit.harness import ManualClock

from .payment_world import Answer, Entry, Office

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


async def about_to_be_late(office: Office, clock: ManualClock) -> Entry:
    """A registration whose deadline is in ten seconds."""
    entry = await office.registered(hours=1)
    clock.advance(timedelta(hours=1) - 10 * SECOND)
    return entry


async def test_a_proof_that_arrived_before_the_deadline_is_taken_though_it_was_stored_after_it(
    office: Office, clock: ManualClock, meanwhile: Meanwhile
) -> None:
    entry = await about_to_be_late(office, clock)

    async def take_long() -> None:
        clock.advance(15 * SECOND)

    meanwhile(take_long)
    assert (await office.upload(entry)).status == 201
    [event] = await office.said(PaymentUploaded)
    assert event.payload.due_at == entry.expires_at
    assert event.payload.uploaded_at <= entry.expires_at < office.clock()
    [row] = await office.rows("SELECT uploaded_at FROM payments")
    assert row["uploaded_at"] == event.payload.uploaded_at


async def test_a_proof_that_arrived_after_the_deadline_is_refused_and_not_kept(
    office: Office, clock: ManualClock
) -> None:
    entry = await about_to_be_late(office, clock)
    clock.advance(15 * SECOND)
    assert (await office.upload(entry)).refused_with(409, "invoice_expired")
    assert office.stored() == []


async def test_an_expiry_heard_while_a_proof_in_time_is_stored_does_not_refuse_it(
    office: Office, clock: ManualClock, meanwhile: Meanwhile
) -> None:
    # given
    entry = await about_to_be_late(office, clock)
    taken = []

    async def expire() -> None:
        clock.advance(15 * SECOND)
        await office.hear(entry.expired(heard=0))
        taken.append((await office.invoice(entry))["status"])

    # when
    meanwhile(expire)
    # then
    assert (await office.upload(entry)).status == 201
    assert taken == ["expired"]
    assert (await office.invoice(entry))["status"] == "proof_uploaded"
    assert (await office.review_list())[0]["registration_ended"] is None


@pytest.mark.parametrize("code", ["invoice_cancelled", "invoice_expired"])
async def test_a_cancellation_or_an_expiry_that_nobody_will_undo_refuses_a_proof_under_way(
    office: Office, clock: ManualClock, meanwhile: Meanwhile, code: str
) -> None:
    entry = await about_to_be_late(office, clock)
    end: Payload = entry.cancelled() if code == "invoice_cancelled" else entry.expired()  # of an older release

    meanwhile(lambda: office.hear(end))
    assert (await office.upload(entry)).refused_with(409, code)
    assert office.stored() == []


async def test_once_an_expiry_is_known_no_other_proof_is_taken(office: Office) -> None:
    entry = await office.registered()
    await office.hear(entry.expired(heard=0))
    assert (await office.upload(entry)).refused_with(409, "invoice_expired")


@pytest.fixture
async def behind_a_proxy(office: Office, clock: ManualClock, tmp_path: Path) -> AsyncIterator[Office]:
    """Payment behind the gateway, which says for how long each request was coming in."""
    behind = Office(office.settings.database_url, clock=clock, folder=tmp_path / "behind", trusted_proxies=1)
    yield behind
    await behind.close()


async def sent_late(office: Office, clock: ManualClock, age: str, *, late: timedelta) -> Answer:
    """A proof of which the last byte arrives `late` after the deadline, as a request of that age."""
    entry = await about_to_be_late(office, clock)
    clock.advance(10 * SECOND + late)
    return await office.upload(entry, headers={**office.issuer.runner(entry.id), AGE_HEADER: age})


async def test_an_upload_over_a_slow_line_arrived_when_it_began(behind_a_proxy: Office, clock: ManualClock) -> None:
    answer = await sent_late(behind_a_proxy, clock, "45.250", late=40 * SECOND)
    assert answer.status == 201, answer.body
    [row] = await behind_a_proxy.rows("SELECT uploaded_at <= due_at AS in_time FROM payments")
    assert row["in_time"]


@pytest.mark.parametrize("age", ["39.000", "", "-1", "1e9", "45,5", "soon"])
async def test_an_upload_that_began_after_the_deadline_is_late(
    behind_a_proxy: Office, clock: ManualClock, age: str
) -> None:
    answer = await sent_late(behind_a_proxy, clock, age, late=40 * SECOND)
    assert answer.refused_with(409, "invoice_expired")


async def test_nobody_gains_more_than_a_few_minutes_by_sending_slowly(
    behind_a_proxy: Office, clock: ManualClock
) -> None:
    answer = await sent_late(behind_a_proxy, clock, "999999.000", late=LONGEST_UPLOAD + SECOND)
    assert answer.refused_with(409, "invoice_expired")


async def test_without_a_proxy_of_ours_the_client_is_not_believed(office: Office, clock: ManualClock) -> None:
    answer = await sent_late(office, clock, "45.250", late=40 * SECOND)
    assert answer.refused_with(409, "invoice_expired")
