"""Published again, a registration says what is true now; and nothing that was honoured and ended is revived by it."""

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

from .conftest import Race


async def republished(race: Race, *entries: dict[str, Any]) -> list[Payload]:
    """What goes out when these registrations are published again."""
    await race.service.forget_published()
    async with race.database.work() as work:
        await republish(work, [UUID(entry["registration_id"]) for entry in entries])
    return [event.payload for event in await race.service.published(Payload)]


async def first_created(race: Race) -> RegistrationCreated:
    [event] = await race.service.published(RegistrationCreated)
    return event.payload


async def test_a_registration_that_waits_is_published_as_it_was_created(race: Race) -> None:
    await race.open()
    entry = await race.registered(5)
    created = await first_created(race)

    assert await republished(race, entry) == [created.model_copy(update={"access": None})]


async def test_one_whose_proof_waits_asks_nobody_to_pay(race: Race) -> None:
    await race.open()
    entry = await race.registered()
    await race.proof(entry)

    created, reopened = await republished(race, entry)

    assert isinstance(created, RegistrationCreated)
    assert isinstance(reopened, RegistrationReopened)
    assert (created.awaits_payment, reopened.awaits_payment) == (False, False)
    assert reopened.revision > created.revision


async def test_a_confirmed_one_is_confirmed_again_with_the_same_bibs_and_a_newer_revision(race: Race) -> None:
    await race.open()
    entry = await race.registered()
    await race.verify(entry)
    [first] = await race.service.published(RegistrationConfirmed)

    created, confirmed = await republished(race, entry)
    _, once_more = await republished(race, entry)

    assert isinstance(created, RegistrationCreated)
    revision = first.payload.revision
    assert (created.revision, created.awaits_payment) == (revision, False)
    assert confirmed == first.payload.model_copy(update={"revision": revision + 1})
    assert once_more == first.payload.model_copy(update={"revision": revision + 2})


async def test_an_expired_one_has_expired(race: Race) -> None:
    await race.open()
    entry = await race.registered()
    await race.deadline_passes()

    _, expired = await republished(race, entry)

    assert isinstance(expired, RegistrationExpired)
    assert expired.refund_payment_id is None


async def test_a_cancelled_one_says_why_and_what_goes_back(race: Race) -> None:
    await race.open()
    paid, unpaid = await race.registered(), await race.registered()
    payment_id = await race.verify(paid)
    for entry in (paid, unpaid):
        assert (await race.cancel(entry["registration_id"])).is_success

    found = await republished(race, paid, unpaid)

    cancelled = {each.registration_id: each for each in found if isinstance(each, RegistrationCancelled)}
    assert cancelled[UUID(paid["registration_id"])].refund_payment_id == payment_id
    assert cancelled[UUID(unpaid["registration_id"])].refund_payment_id is None
    assert {each.reason for each in cancelled.values()} == {"asked to"}


async def test_a_payment_that_was_honoured_does_not_revive_a_cancelled_registration(race: Race) -> None:
    await race.open()
    entry = await race.registered()
    payment_id = await race.verify(entry)
    assert (await race.cancel(entry["registration_id"])).is_success

    await race.verify(entry, payment_id)

    assert await race.status(entry["registration_id"]) == "cancelled"
    assert len(await race.service.published(RegistrationConfirmed)) == 1


async def test_what_does_not_exist_is_passed_over(race: Race) -> None:
    await race.open()
    assert await republished(race, {"registration_id": str(UUID(int=1))}) == []


async def test_the_code_of_the_link_follows_from_the_worker(race: Race) -> None:
    await race.open()
    entry = await race.registered()
    await republished(race, entry)

    await publish_codes(race.database, race.settings.access_codes())
    await publish_codes(race.database, race.settings.access_codes())

    [published] = await race.service.published(AccessReplaced)
    assert entry["status_url"].endswith(published.payload.access.code)
