"""The files of pictures: what is left of replaced ones, after crashes, and while the store is down."""

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from chassis.errors import OutcomeUnknown, Unavailable
from chassis.images.processing import ImageProcessor
from chassis.images.store import ImageStore, image_store
from registration.catalog.pictures import PictureKind
from registration.pictures import commands
from registration.pictures.commands import NewPicture
from registration.pictures.files import RecentFiles
from registration.pictures.sweep import sweep_orphans
from testkit.clocks import ManualClock

from . import registration_pictures as pictures
from .registration_driver import RegistrationDriver
from .test_registration_pictures import load, shown, upload

FILES_OF_A_BANNER = 4


class Crash(BaseException):
    """The process dies."""


@pytest.fixture
def store(driver: RegistrationDriver) -> ImageStore:
    return image_store(driver.settings)


@pytest.fixture
def folder(driver: RegistrationDriver) -> Path:
    return Path(driver.settings.image_store.removeprefix("file://"))


def stored(folder: Path) -> set[Path]:
    return set((folder / "banner").glob("*"))


def unplug(folder: Path) -> None:
    """Have the store out of reach."""
    folder.rename(folder.with_name("unplugged"))
    folder.write_text("not a folder any more")


def plug_in(folder: Path) -> None:
    """Have the store back."""
    folder.unlink()
    folder.with_name("unplugged").rename(folder)


async def sweep_for_a_day(driver: RegistrationDriver, store: ImageStore, clock: ManualClock) -> int:
    """Sweep when files are orphans, and a day later; return how many were moved."""
    clock.advance(timedelta(hours=1, minutes=1))
    assert await sweep_orphans(driver.database, store) == 0
    clock.advance(timedelta(days=1))
    return await sweep_orphans(driver.database, store)


async def test_files_of_a_replaced_picture_go_into_the_trash_and_those_shown_stay(
    driver: RegistrationDriver, store: ImageStore, folder: Path, clock: ManualClock
) -> None:
    await driver.create_event()
    (await upload(driver, pictures.poster())).require(200)
    old = stored(folder)
    banner = (await upload(driver, pictures.poster(1200, 800))).require(200)["banner"]
    new = stored(folder) - old
    assert (len(old), len(new)) == (FILES_OF_A_BANNER, FILES_OF_A_BANNER)
    assert await sweep_for_a_day(driver, store, clock) == FILES_OF_A_BANNER
    assert stored(folder) == new
    assert {each.name for each in (folder / "trash").rglob("*.*")} == {each.name for each in old}
    assert (await load(driver, banner["files"][0]["address"])).status == 200


async def test_when_the_process_dies_before_the_commit_the_old_picture_stays(
    driver: RegistrationDriver, store: ImageStore, folder: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await driver.create_event()
    before = (await upload(driver, pictures.poster())).require(200)["banner"]
    kept = stored(folder)

    async def die(*_: object, **__: object) -> None:
        raise Crash

    new = NewPicture(UUID(driver.event["id"]), PictureKind.BANNER, pictures.poster(900, 600))
    monkeypatch.setattr(commands, "record_picture", die)
    with pytest.raises(Crash):
        await commands.set_picture(driver.database, ImageProcessor(threads=1, queue_size=1), store, new, by="staff")
    assert len(stored(folder) - kept) == FILES_OF_A_BANNER
    assert (await shown(driver))["banner"] == before
    assert await sweep_for_a_day(driver, store, clock) == FILES_OF_A_BANNER
    assert stored(folder) == kept


@pytest.mark.parametrize(("error", "left"), [(OutcomeUnknown, FILES_OF_A_BANNER), (Unavailable, 0)])
async def test_files_are_deleted_at_once_unless_a_row_may_name_them(
    driver: RegistrationDriver,
    store: ImageStore,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    error: type[Exception],
    left: int,
) -> None:
    await driver.create_event()

    async def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(commands, "record_picture", fail)
    new = NewPicture(UUID(driver.event["id"]), PictureKind.BANNER, pictures.poster(900, 600))
    with pytest.raises(error):
        await commands.set_picture(driver.database, ImageProcessor(threads=1, queue_size=1), store, new, by="staff")
    assert len(stored(folder)) == left


async def test_a_store_that_is_down_is_a_503_and_registrations_go_on(driver: RegistrationDriver, folder: Path) -> None:
    await driver.open_category()
    address = (await upload(driver, pictures.poster())).require(200)["banner"]["files"][0]["address"]
    unplug(folder)
    assert (await upload(driver, pictures.poster(900, 600))).is_problem(503, "unavailable")
    assert (await load(driver, address)).status in {404, 503}
    await driver.register()
    plug_in(folder)
    assert (await load(driver, address)).status == 200


async def test_the_sweep_leaves_images_of_other_services_alone(
    driver: RegistrationDriver, store: ImageStore, folder: Path, clock: ManualClock
) -> None:
    (folder / "proofs").mkdir()
    proof = folder / "proofs" / f"{1:032x}.png"
    proof.write_bytes(b"x")
    assert await sweep_for_a_day(driver, store, clock) == 0
    assert proof.exists()


async def test_a_file_is_read_once_and_the_oldest_ones_are_dropped() -> None:
    reads: list[str] = []

    class Store:
        async def get(self, path: str) -> bytes:
            reads.append(path)
            return b"x" * 40

    files = RecentFiles(Store(), max_bytes=100)  # type: ignore[arg-type]  # all that it uses of a store
    for path in ("a", "b", "a", "c", "a", "b"):
        assert len(await files.get(path)) == 40
    assert reads == ["a", "b", "c", "b"]
