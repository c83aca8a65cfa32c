"""Images without a row: into the trash after an hour, out of it after a month, left alone where rows may be lost."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from contracts import PaymentMethod, PaymentUploaded
from payment.images.processing import ImageProcessor
from payment.proofs import commands
from payment.proofs.commands import Proof
from testkit.harness import ManualClock

from . import payment_pictures as pictures
from .payment_world import Office

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


class Crash(BaseException):
    """The process is gone."""


def orphans(office: Office, number: int = 1) -> None:
    """Images that no row names."""
    folder = office.folder / "proofs"
    folder.mkdir(exist_ok=True)
    for each in range(number):
        (folder / f"{each:032x}.png").write_bytes(b"x")


async def swept_for_long(office: Office) -> None:
    """This database has been swept for a while; images stored within the next minute are no sign of a restore."""
    await office.execute(
        "INSERT INTO image_sweeps VALUES (1, :quiet, :seen)",
        quiet=office.clock(),
        seen=office.clock() + timedelta(minutes=1),
    )


async def test_when_the_process_dies_between_storing_and_committing_the_image_is_swept_later(
    office: Office, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    await swept_for_long(office)
    await office.waiting()
    [kept] = office.stored()
    unlucky = await office.registered()

    async def die(*_: object) -> None:
        raise Crash

    proof = Proof(unlucky.id, PaymentMethod.QRIS, unlucky.amount, office.clock(), None)
    monkeypatch.setattr(commands, "record_proof", die)
    image_processor = ImageProcessor(threads=1, queue_size=1)
    with pytest.raises(Crash):
        await commands.submit_proof(office.database, image_processor, office.images, proof, pictures.jpeg())
    assert len(office.stored()) == 2
    # when it may still be under way, nothing is touched
    clock.advance(timedelta(minutes=50))
    assert await office.sweep() == 0
    clock.advance(timedelta(minutes=11))
    assert await office.sweep() == 1
    # then
    assert office.stored() == [kept]
    assert (await office.invoice(unlucky))["status"] == "open"
    assert len(await office.said(PaymentUploaded)) == 1


async def test_images_of_rejected_proofs_and_the_qris_image_are_not_swept(office: Office, clock: ManualClock) -> None:
    # given
    await swept_for_long(office)
    _, payment = await office.waiting()
    await office.reject(payment)
    await office.set_qris_image(pictures.png())
    await office.set_qris_image(pictures.jpeg())
    assert len(office.stored()) == 3
    # when
    clock.advance(timedelta(hours=2))
    # then
    assert await office.sweep() == 1
    assert len(office.stored()) == 2
    assert (await office.call("GET", f"/payments/{payment}/proof")).status == 200
    assert (await office.call("GET", "/instructions/qris.png", headers={})).status == 200


async def test_many_orphans_are_swept_in_batches(office: Office, clock: ManualClock) -> None:
    orphans(office, 1_100)
    await swept_for_long(office)
    clock.advance(timedelta(hours=2))
    assert await office.sweep() == 1_100
    assert (office.stored(), len(office.trashed())) == ([], 1_100)


async def test_in_the_first_day_no_image_is_touched(office: Office, clock: ManualClock) -> None:
    orphans(office)
    clock.advance(2 * HOUR)
    assert await office.sweep() == 0
    clock.advance(DAY - HOUR)
    assert await office.sweep() == 0
    assert (len(office.stored()), office.trashed()) == (1, [])
    clock.advance(HOUR)
    assert await office.sweep() == 1
    assert (office.stored(), len(office.trashed())) == ([], 1)


async def test_the_trash_is_kept_for_thirty_days_under_the_path_that_rows_name(
    office: Office, clock: ManualClock
) -> None:
    # given
    orphans(office)
    await swept_for_long(office)
    clock.advance(2 * HOUR)
    await office.sweep()
    [image] = office.trashed()
    assert image.relative_to(office.folder).parts[0::2] == ("trash", "proofs")
    # when
    clock.advance(29 * DAY)
    assert await office.sweep() == 0
    # then
    assert office.trashed() == [image]
    clock.advance(2 * DAY)
    await office.sweep()
    assert office.trashed() == []


async def test_only_their_owner_may_read_images_in_the_trash(office: Office, clock: ManualClock) -> None:
    await swept_for_long(office)
    await office.waiting()
    await office.execute("DELETE FROM payments")
    clock.advance(2 * HOUR)
    assert await office.sweep() == 1
    [image] = office.trashed()
    folders = [each for each in image.parents if office.folder in each.parents]
    assert [each.stat().st_mode & 0o077 for each in (image, *folders)] == [0] * 4


async def test_proofs_that_a_restored_database_does_not_know_are_left_alone_for_a_day(
    office: Office, clock: ManualClock
) -> None:
    # given
    await office.waiting()
    await office.sweep()
    clock.advance(3 * DAY)
    await office.sweep()
    _, lost = await office.waiting()
    [*_, image] = sorted(office.stored(), key=lambda path: path.stat().st_mtime)
    when = office.clock().timestamp()
    _stored_at(image, when)
    # when
    await office.execute("DELETE FROM payments WHERE id = :lost", lost=lost)
    clock.advance(1.5 * HOUR)
    # then
    assert await office.sweep() == 0
    await office.waiting()  # newer rows do not end the quiet
    clock.advance(DAY - HOUR)
    assert await office.sweep() == 0
    assert image in office.stored()
    clock.advance(2 * HOUR)
    assert await office.sweep() == 1
    assert [each.name for each in office.trashed()] == [image.name]


async def test_an_orphan_that_is_older_than_the_newest_row_is_no_sign_of_a_restore(
    office: Office, clock: ManualClock
) -> None:
    orphans(office)
    await office.sweep()
    clock.advance(2 * DAY)
    await office.waiting()
    clock.advance(2 * HOUR)
    assert await office.sweep() == 1
    assert len(office.stored()) == 1


def _stored_at(image: Path, moment: float) -> None:
    os.utime(image, (moment, moment))
