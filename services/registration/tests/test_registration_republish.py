"""Publishing a registration again publishes its present state, and reopens nothing that has ended."""

from typing import Any
from uuid import UUID

from contracts import (
    AccessReplaced,
    Payload,
    RegistrationCancelled,
    RegistrationConfirmed,
    RegistrationCreated,
    RegistrationExpired,
    RegistrationReopened,
)
from registration.republish import republish
from registration.worker import publish_codes

from .registration_driver import RegistrationDriver


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
