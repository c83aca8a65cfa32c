"""Publishing a registration again publishes its present state, and reopens nothing that has ended."""

from typing import Any
from uuid import UUID

import pytest
from contracts import (
    AccessReplaced,
    Payload,
    RegistrationCancelled,
    RegistrationConfirmed,
    RegistrationCreated,
    RegistrationExpired,
    RegistrationReopened,
    WaitlistEnd,
    WaitlistEnded,
)
from registration.republish import republish
from registration.worker import publish_codes

from .registration_driver import RegistrationDriver
from .waitlist_driver import WaitlistDriver


async def republished(driver: RegistrationDriver, *entries: dict[str, Any]) -> list[Payload]:
    """Publish these registrations again; return what was published."""
    await driver.forget_published()
    async with driver.database.work() as work:
        await republish(work, [UUID(entry["registration_id"]) for entry in entries])
    return [event.payload for event in await driver.published(Payload)]


async def first_created(driver: RegistrationDriver) -> RegistrationCreated:
    [event] = await driver.published(RegistrationCreated)
    return event.payload


async def test_a_registration_that_waits_is_published_as_it_was_created(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register(5)
    created = await first_created(driver)

    assert await republished(driver, entry) == [created.model_copy(update={"access": None})]


async def test_a_registration_whose_proof_waits_does_not_await_payment(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    await driver.upload_proof(entry)

    created, reopened = await republished(driver, entry)

    assert isinstance(created, RegistrationCreated)
    assert isinstance(reopened, RegistrationReopened)
    assert (created.awaits_payment, reopened.awaits_payment) == (False, False)
    assert reopened.revision > created.revision


@pytest.mark.parametrize("end", list(WaitlistEnd))
async def test_an_offer_that_ended_is_published_as_it_ended(
    driver: RegistrationDriver, waitlist: WaitlistDriver, end: WaitlistEnd
) -> None:
    offered = await ended_offer(driver, waitlist, end)
    first = [event.payload for event in await driver.published(WaitlistEnded)]

    assert await republished(driver, {"registration_id": offered["waitlist_id"]}) == first
    assert [each.reason for each in first] == [end]


async def ended_offer(driver: RegistrationDriver, waitlist: WaitlistDriver, end: WaitlistEnd) -> dict[str, Any]:
    """Return an entry whose offer ended in this way."""
    [taken] = await waitlist.sell_out()
    form = driver.form()
    offered = await waitlist.join(form=form)
    await driver.cancel(taken["registration_id"])
    match end:
        case WaitlistEnd.WITHDRAWN:
            await waitlist.withdraw(offered)
        case WaitlistEnd.REMOVED:
            await waitlist.remove(offered, reason="asked to")
        case WaitlistEnd.LAPSED:
            await waitlist.pass_time(13)
        case WaitlistEnd.CLOSED:
            await driver.change_category(is_active=False)
            await waitlist.process()
        case WaitlistEnd.REGISTERED_ELSEWHERE:
            await driver.open_category()
            await driver.register(form={**form, "category_id": driver.category["id"]})
            assert (await waitlist.try_accept(offered)).code == "already_registered"
    return offered


async def test_an_entry_that_still_waits_or_left_without_an_offer_is_not_published(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    [taken] = await waitlist.sell_out()
    offered, left, waiting = [await waitlist.join() for _ in range(3)]
    await driver.cancel(taken["registration_id"])
    await waitlist.withdraw(left)
    entries = [{"registration_id": entry["waitlist_id"]} for entry in (offered, left, waiting)]

    assert await republished(driver, *entries) == []


async def test_a_confirmed_registration_is_published_with_the_same_bibs_and_a_newer_revision(
    driver: RegistrationDriver,
) -> None:
    await driver.open_category()
    entry = await driver.register()
    await driver.verify(entry)
    [first] = await driver.published(RegistrationConfirmed)

    created, confirmed = await republished(driver, entry)
    _, once_more = await republished(driver, entry)

    assert isinstance(created, RegistrationCreated)
    revision = first.payload.revision
    assert (created.revision, created.awaits_payment) == (revision, False)
    assert confirmed == first.payload.model_copy(update={"revision": revision + 1})
    assert once_more == first.payload.model_copy(update={"revision": revision + 2})


async def test_an_expired_registration_is_published_as_expired(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    await driver.pass_deadline()

    _, expired = await republished(driver, entry)

    assert isinstance(expired, RegistrationExpired)
    assert expired.refund_payment_id is None


async def test_a_cancelled_registration_is_published_with_reason_and_refund(driver: RegistrationDriver) -> None:
    await driver.open_category()
    paid, unpaid = await driver.register(), await driver.register()
    payment_id = await driver.verify(paid)
    for entry in (paid, unpaid):
        await driver.cancel(entry["registration_id"])

    found = await republished(driver, paid, unpaid)

    cancelled = {each.registration_id: each for each in found if isinstance(each, RegistrationCancelled)}
    assert cancelled[UUID(paid["registration_id"])].refund_payment_id == payment_id
    assert cancelled[UUID(unpaid["registration_id"])].refund_payment_id is None
    assert {each.reason for each in cancelled.values()} == {"asked to"}


async def test_an_accepted_payment_does_not_reopen_a_cancelled_registration(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    payment_id = await driver.verify(entry)
    await driver.cancel(entry["registration_id"])

    await driver.verify(entry, payment_id)

    assert await driver.status(entry["registration_id"]) == "cancelled"
    assert len(await driver.published(RegistrationConfirmed)) == 1


async def test_an_unknown_registration_is_skipped(driver: RegistrationDriver) -> None:
    await driver.open_category()
    assert await republished(driver, {"registration_id": str(UUID(int=1))}) == []


async def test_the_worker_publishes_the_code_of_the_link(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    await republished(driver, entry)

    await publish_codes(driver.database, driver.settings.access_codes())
    await publish_codes(driver.database, driver.settings.access_codes())

    [published] = await driver.published(AccessReplaced)
    assert entry["status_url"].endswith(published.payload.access.code)
