"""One bad row does not stop the links and codes of others."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from uuid import UUID

from chassis.aside import SET_ASIDE
from contracts import AccessLinksRequested, AccessReplaced
from registration.worker import answer_link_requests, publish_codes
from sqlalchemy import text
from structlog.testing import capture_logs

from .registration_driver import RegistrationDriver

_BROKEN = "UPDATE registrations SET access_version = -1 WHERE id = CAST(:id AS uuid)"
_MENDED = "UPDATE registrations SET access_version = 1 WHERE access_version = -1"


async def _two(driver: RegistrationDriver) -> tuple[str, str]:
    """Return the ids of two registrations of different people."""
    await driver.open_category()
    people = [driver.person(is_pic=True, email=f"{name}@example.com") for name in ("first", "second")]
    first, second = [await driver.register(participants=[person]) for person in people]
    return first["registration_id"], second["registration_id"]


async def _aside(driver: RegistrationDriver, job: str) -> list[UUID]:
    rows = await driver.rows("SELECT subject_id FROM set_aside WHERE job = :job", job=job)
    assert SET_ASIDE.labels(job)._value.get() == len(rows)
    return [row["subject_id"] for row in rows]


async def test_a_code_that_cannot_be_published_is_set_aside(driver: RegistrationDriver) -> None:
    broken, fine = await _two(driver)
    await driver.execute(_BROKEN, id=broken)
    await driver.execute("INSERT INTO unpublished_codes SELECT id FROM registrations")

    with capture_logs():
        await publish_codes(driver.database, driver.settings.access_codes())

    assert [each.subject for each in await driver.published(AccessReplaced)] == [UUID(fine)]
    assert await _aside(driver, "publish_codes") == [UUID(broken)]

    await driver.execute(_MENDED)
    driver.clock.advance(timedelta(minutes=11))
    await publish_codes(driver.database, driver.settings.access_codes())
    assert {each.subject for each in await driver.published(AccessReplaced)} >= {UUID(broken)}
    assert await _aside(driver, "publish_codes") == []


async def test_a_request_for_links_that_cannot_be_answered_is_set_aside(driver: RegistrationDriver) -> None:
    broken, _ = await _two(driver)
    await driver.execute(_BROKEN, id=broken)
    for name in ("first", "second"):
        await driver.call("POST", "/access/recover", json={"contact": f"{name}@example.com"})

    with capture_logs():
        await answer_link_requests(driver.database, driver.settings.access_codes())

    assert [each.payload.contact for each in await driver.published(AccessLinksRequested)] == ["second@example.com"]
    assert len(await _aside(driver, "answer_link_requests")) == 1


@asynccontextmanager
async def _held(driver: RegistrationDriver, registration_id: str) -> AsyncIterator[None]:
    """Lock a registration."""
    async with driver.database.engine.connect() as holder:
        lock = text("SELECT 1 FROM registrations WHERE id = CAST(:id AS uuid) FOR UPDATE")
        await holder.execute(lock, {"id": registration_id})
        yield


async def test_a_registration_that_is_locked_does_not_keep_others_from_their_codes(driver: RegistrationDriver) -> None:
    locked, fine = await _two(driver)
    await driver.execute("UPDATE registrations SET access_version = 0")

    async with _held(driver, locked):
        await publish_codes(driver.database, driver.settings.access_codes())
        assert [each.subject for each in await driver.published(AccessReplaced)] == [UUID(fine)]

    await publish_codes(driver.database, driver.settings.access_codes())
    assert {each.subject for each in await driver.published(AccessReplaced)} >= {UUID(locked)}


async def test_a_registration_that_cannot_get_its_code_is_set_aside(driver: RegistrationDriver) -> None:
    broken, fine = await _two(driver)
    await driver.execute("UPDATE registrations SET access_version = 0")
    check = f"CHECK (id <> '{broken}') NOT VALID"
    await driver.execute(f"ALTER TABLE registrations ADD CONSTRAINT broken {check}")

    with capture_logs():
        await publish_codes(driver.database, driver.settings.access_codes())

    assert [each.subject for each in await driver.published(AccessReplaced)] == [UUID(fine)]
    assert await _aside(driver, "give_codes") == [UUID(broken)]
