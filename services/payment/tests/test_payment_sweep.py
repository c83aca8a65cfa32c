"""Images without a row go into the trash after an hour and out of it after a month; kept where rows may be lost."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from chassis.aside import SET_ASIDE
from chassis.images.processing import ImageProcessor
from chassis.images.store import image_store
from contracts import PaymentMethod, PaymentUploaded
from payment.proofs import commands
from payment.proofs.commands import Proof
from structlog.testing import capture_logs
from testkit.clocks import ManualClock

from . import payment_pictures as pictures
from .payment_driver import PaymentDriver

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)


class Crash(BaseException):
    """The process dies."""


def store_orphans(driver: PaymentDriver, number: int = 1) -> None:
    """Store images that no row names."""
    folder = driver.folder / "proofs"
    folder.mkdir(exist_ok=True)
    for each in range(number):
        (folder / f"{each:032x}.png").write_bytes(b"x")


async def see_orphans(driver: PaymentDriver) -> None:
    """Sweep twice, so that what is an orphan in an hour from now has been one for a day afterwards."""
    driver.clock.advance(HOUR + MINUTE)
    assert await driver.sweep() == 0
    driver.clock.advance(DAY)


async def test_when_the_process_dies_between_storing_and_committing_the_image_is_swept_later(
    driver: PaymentDriver, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    await driver.register_and_upload()
    [kept] = driver.stored_images()
    unlucky = await driver.register(hours=72)

    async def die(*_: object) -> None:
        raise Crash

    proof = Proof(unlucky.id, PaymentMethod.QRIS, unlucky.amount, driver.clock(), None)
    monkeypatch.setattr(commands, "record_proof", die)
    image_processor = ImageProcessor(threads=1, queue_size=1)
    with pytest.raises(Crash):
        await commands.submit_proof(driver.database, image_processor, driver.images, proof, pictures.jpeg())
    assert len(driver.stored_images()) == 2
    # when it may still be under way, it is no orphan
    clock.advance(50 * MINUTE)
    assert await driver.sweep() == 0
    assert await driver.rows("SELECT 1 FROM image_orphans") == []
    # when it is one for a day
    await see_orphans(driver)
    assert await driver.sweep() == 1
    # then
    assert driver.stored_images() == [kept]
    assert (await driver.invoice(unlucky))["status"] == "open"
    assert len(await driver.published(PaymentUploaded)) == 1


async def test_images_of_rejected_proofs_and_the_qris_image_are_not_swept(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    # given
    _, payment = await driver.register_and_upload()
    await driver.reject(payment)
    await driver.set_qris_image(pictures.png())
    await driver.set_qris_image(pictures.jpeg())
    assert len(driver.stored_images()) == 3
    # when
    await see_orphans(driver)
    # then
    assert await driver.sweep() == 1
    assert len(driver.stored_images()) == 2
    assert (await driver.show_proof(payment)).status == 200
    assert (await driver.call("GET", "/instructions/qris.png")).status == 200


async def test_many_orphans_are_swept_in_batches(driver: PaymentDriver) -> None:
    store_orphans(driver, 1_100)
    await see_orphans(driver)
    assert await driver.sweep() == 1_100
    assert (driver.stored_images(), len(driver.trashed_images())) == ([], 1_100)


async def test_an_orphan_is_not_touched_for_a_day(driver: PaymentDriver, clock: ManualClock) -> None:
    store_orphans(driver)
    clock.advance(2 * HOUR)
    assert await driver.sweep() == 0
    clock.advance(DAY - HOUR)
    assert await driver.sweep() == 0
    assert (len(driver.stored_images()), driver.trashed_images()) == (1, [])
    clock.advance(HOUR)
    assert await driver.sweep() == 1
    assert (driver.stored_images(), len(driver.trashed_images())) == ([], 1)


async def test_the_trash_is_kept_for_thirty_days_under_the_path_that_rows_name(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    # given
    store_orphans(driver)
    await see_orphans(driver)
    await driver.sweep()
    [image] = driver.trashed_images()
    assert image.relative_to(driver.folder).parts[0::2] == ("trash", "proofs")
    # when
    clock.advance(29 * DAY)
    assert await driver.sweep() == 0
    # then
    assert driver.trashed_images() == [image]
    clock.advance(2 * DAY)
    await driver.sweep()
    assert driver.trashed_images() == []


async def test_only_their_owner_may_read_images_in_the_trash(driver: PaymentDriver) -> None:
    await driver.register_and_upload()
    await driver.execute("DELETE FROM payments")
    await see_orphans(driver)
    assert await driver.sweep() == 1
    [image] = driver.trashed_images()
    folders = [each for each in image.parents if driver.folder in each.parents]
    assert [each.stat().st_mode & 0o077 for each in (image, *folders)] == [0] * 4


async def test_proofs_without_a_row_in_a_restored_database_are_kept_for_a_day(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    """Also if a proof is accepted before the first sweep, so that a row is newer than they are."""
    # given
    await driver.register_and_upload()
    await driver.sweep()
    clock.advance(3 * DAY)
    await driver.sweep()
    _, lost = await driver.register_and_upload()
    [*_, image] = sorted(driver.stored_images(), key=lambda path: path.stat().st_mtime)
    when = driver.clock().timestamp()
    _stored_at(image, when)
    # when
    await driver.execute("DELETE FROM payments WHERE id = :lost", lost=lost)
    clock.advance(1.5 * HOUR)
    await driver.register_and_upload()
    # then
    assert await driver.sweep() == 0
    clock.advance(DAY - HOUR)
    assert await driver.sweep() == 0
    assert image in driver.stored_images()
    clock.advance(2 * HOUR)
    assert await driver.sweep() == 1
    assert [each.name for each in driver.trashed_images()] == [image.name]


async def test_an_image_that_has_a_row_again_gets_another_day_when_it_loses_it(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    await driver.register_and_upload()
    [row] = await driver.rows("SELECT id, payment_proof_path AS path FROM payments")
    rename = "UPDATE payments SET payment_proof_path = :path WHERE id = :id"
    for path in ("elsewhere.png", row["path"], "elsewhere.png"):
        await driver.execute(rename, path=path, id=row["id"])
        clock.advance(0.75 * DAY)
        assert await driver.sweep() == 0


async def _discard_proof_of(driver: PaymentDriver, payment: UUID) -> None:
    """Have the row of a payment lost until its image is in the trash."""
    rename = "UPDATE payments SET payment_proof_path = :path WHERE id = :id"
    path = await driver.scalar("SELECT payment_proof_path FROM payments WHERE id = :id", id=payment)
    await driver.execute(rename, path="lost", id=payment)
    await see_orphans(driver)
    assert await driver.sweep() == 1
    await driver.execute(rename, path=path, id=payment)


async def test_reading_an_image_that_is_in_the_trash_moves_it_back(driver: PaymentDriver) -> None:
    _, payment = await driver.register_and_upload()
    shown = (await driver.show_proof(payment)).content
    before = driver.stored_images()
    await _discard_proof_of(driver, payment)
    assert driver.stored_images() == []
    answer = await driver.show_proof(payment)
    assert (answer.status, answer.content) == (200, shown)
    assert (driver.stored_images(), driver.trashed_images()) == (before, [])


async def test_an_image_with_a_row_is_moved_back_and_not_deleted_when_the_trash_is_emptied(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    _, payment = await driver.register_and_upload()
    await _discard_proof_of(driver, payment)
    clock.advance(32 * DAY)
    await driver.sweep()
    assert (len(driver.stored_images()), driver.trashed_images()) == (1, [])


async def test_an_image_that_cannot_be_moved_or_deleted_is_counted_and_the_others_go_on(
    driver: PaymentDriver, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    store_orphans(driver, 3)
    await see_orphans(driver)
    bad, stored = f"{1:032x}.png", image_store(driver.settings).objects

    class Failing:
        """Fails for one image."""

        def __getattr__(self, name: str) -> Any:
            do = getattr(stored, name)

            def checked(path: str, *others: str) -> Any:
                if path.endswith(bad):
                    raise PermissionError(path)
                return do(path, *others)

            return checked if name in {"rename_async", "delete_async"} else do

    monkeypatch.setattr(driver.images, "objects", Failing())
    with capture_logs() as logs:
        assert await driver.sweep() == 2
    assert [each["path"] for each in logs if each["event"] == "image_failed"] == [f"proofs/{bad}"]
    assert [each.name for each in driver.stored_images()] == [bad]
    assert SET_ASIDE.labels("sweep_orphans")._value.get() == 1

    monkeypatch.undo()
    assert await driver.sweep() == 1
    monkeypatch.setattr(driver.images, "objects", Failing())
    clock.advance(32 * DAY)
    await driver.sweep()
    assert [each.name for each in driver.trashed_images()] == [bad]
    assert SET_ASIDE.labels("sweep_orphans")._value.get() == 1
    monkeypatch.undo()
    await driver.sweep()
    assert SET_ASIDE.labels("sweep_orphans")._value.get() == 0


def _stored_at(image: Path, moment: float) -> None:
    os.utime(image, (moment, moment))
