"""Images without a row go into the trash after an hour and out of it after a month; kept where rows may be lost."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from contracts import PaymentMethod, PaymentUploaded
from payment.images.processing import ImageProcessor
from payment.proofs import commands
from payment.proofs.commands import Proof
from testkit.clocks import ManualClock

from . import payment_pictures as pictures
from .payment_driver import PaymentDriver

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


class Crash(BaseException):
    """The process dies."""


def store_orphans(driver: PaymentDriver, number: int = 1) -> None:
    """Store images that no row names."""
    folder = driver.folder / "proofs"
    folder.mkdir(exist_ok=True)
    for each in range(number):
        (folder / f"{each:032x}.png").write_bytes(b"x")


async def mark_as_swept_before(driver: PaymentDriver) -> None:
    """Note that the database has been swept before; images of the next minute are no sign of a restore."""
    await driver.execute(
        "INSERT INTO image_sweeps VALUES (1, :quiet, :seen)",
        quiet=driver.clock(),
        seen=driver.clock() + timedelta(minutes=1),
    )


async def test_when_the_process_dies_between_storing_and_committing_the_image_is_swept_later(
    driver: PaymentDriver, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    await mark_as_swept_before(driver)
    await driver.register_and_upload()
    [kept] = driver.stored_images()
    unlucky = await driver.register()

    async def die(*_: object) -> None:
        raise Crash

    proof = Proof(unlucky.id, PaymentMethod.QRIS, unlucky.amount, driver.clock(), None)
    monkeypatch.setattr(commands, "record_proof", die)
    image_processor = ImageProcessor(threads=1, queue_size=1)
    with pytest.raises(Crash):
        await commands.submit_proof(driver.database, image_processor, driver.images, proof, pictures.jpeg())
    assert len(driver.stored_images()) == 2
    # when it may still be under way, nothing is touched
    clock.advance(timedelta(minutes=50))
    assert await driver.sweep() == 0
    clock.advance(timedelta(minutes=11))
    assert await driver.sweep() == 1
    # then
    assert driver.stored_images() == [kept]
    assert (await driver.invoice(unlucky))["status"] == "open"
    assert len(await driver.published(PaymentUploaded)) == 1


async def test_images_of_rejected_proofs_and_the_qris_image_are_not_swept(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    # given
    await mark_as_swept_before(driver)
    _, payment = await driver.register_and_upload()
    await driver.reject(payment)
    await driver.set_qris_image(pictures.png())
    await driver.set_qris_image(pictures.jpeg())
    assert len(driver.stored_images()) == 3
    # when
    clock.advance(timedelta(hours=2))
    # then
    assert await driver.sweep() == 1
    assert len(driver.stored_images()) == 2
    assert (await driver.show_proof(payment)).status == 200
    assert (await driver.call("GET", "/instructions/qris.png")).status == 200


async def test_many_orphans_are_swept_in_batches(driver: PaymentDriver, clock: ManualClock) -> None:
    store_orphans(driver, 1_100)
    await mark_as_swept_before(driver)
    clock.advance(timedelta(hours=2))
    assert await driver.sweep() == 1_100
    assert (driver.stored_images(), len(driver.trashed_images())) == ([], 1_100)


async def test_in_the_first_day_no_image_is_touched(driver: PaymentDriver, clock: ManualClock) -> None:
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
    await mark_as_swept_before(driver)
    clock.advance(2 * HOUR)
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


async def test_only_their_owner_may_read_images_in_the_trash(driver: PaymentDriver, clock: ManualClock) -> None:
    await mark_as_swept_before(driver)
    await driver.register_and_upload()
    await driver.execute("DELETE FROM payments")
    clock.advance(2 * HOUR)
    assert await driver.sweep() == 1
    [image] = driver.trashed_images()
    folders = [each for each in image.parents if driver.folder in each.parents]
    assert [each.stat().st_mode & 0o077 for each in (image, *folders)] == [0] * 4


async def test_proofs_without_a_row_in_a_restored_database_are_kept_for_a_day(
    driver: PaymentDriver, clock: ManualClock
) -> None:
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
    # then
    assert await driver.sweep() == 0
    await driver.register_and_upload()  # newer rows do not end the quiet
    clock.advance(DAY - HOUR)
    assert await driver.sweep() == 0
    assert image in driver.stored_images()
    clock.advance(2 * HOUR)
    assert await driver.sweep() == 1
    assert [each.name for each in driver.trashed_images()] == [image.name]


async def test_an_orphan_that_is_older_than_the_newest_row_is_no_sign_of_a_restore(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    store_orphans(driver)
    await driver.sweep()
    clock.advance(2 * DAY)
    await driver.register_and_upload()
    clock.advance(2 * HOUR)
    assert await driver.sweep() == 1
    assert len(driver.stored_images()) == 1


def _stored_at(image: Path, moment: float) -> None:
    os.utime(image, (moment, moment))
