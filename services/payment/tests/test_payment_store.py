"""The store of images: a folder or a bucket."""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from chassis.errors import Unavailable
from chassis.images.errors import ImageMissing
from chassis.images.processing import reencode
from chassis.images.store import ImageStore, image_store
from obstore.exceptions import GenericError
from obstore.store import LocalStore, S3Store
from pydantic import ValidationError
from structlog.testing import capture_logs

from . import payment_pictures as pictures
from .payment_driver import PaymentDriver, settings_for


async def test_an_image_comes_back_as_it_was_kept_and_is_gone_after_it_was_dropped(tmp_path: Path) -> None:
    store = image_store(settings_for("postgresql://unused", tmp_path / "some folder" / "deeper"))
    picture = reencode(pictures.png())
    path = await store.put(picture, under="proofs")
    assert await store.get(path) == picture.data
    await store.delete([path, path, "proofs/never-there.png"])
    with pytest.raises(ImageMissing):
        await store.get(path)


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Have the process give all rights to everyone by default."""
    before = os.umask(0)
    yield
    os.umask(before)


def rights_below(folder: Path) -> dict[str, int]:
    return {str(each.relative_to(folder)): each.stat().st_mode & 0o777 for each in sorted(folder.rglob("*"))}


@pytest.mark.usefixtures("open_umask")
async def test_folders_and_images_are_for_their_owner_only_whatever_the_umask(tmp_path: Path) -> None:
    store = image_store(settings_for("postgresql://unused", tmp_path / "data" / "images"))
    path = await store.put(reencode(pictures.png()), under="proofs")
    assert rights_below(tmp_path) == {
        "data": 0o700,
        "data/images": 0o700,
        "data/images/proofs": 0o700,
        f"data/images/{path}": 0o600,
    }


@pytest.mark.parametrize("rights", [0o755, 0o700])
async def test_a_folder_that_others_may_read_is_restricted_at_the_start(tmp_path: Path, rights: int) -> None:
    # given
    folder = tmp_path / "images"
    (folder / "proofs").mkdir(parents=True)
    old = folder / "proofs" / "old.png"
    old.write_bytes(b"x")
    old.chmod(0o644)
    (folder / "proofs").chmod(0o755)
    folder.chmod(rights)
    # when
    store = image_store(settings_for("postgresql://unused", folder))
    # then
    assert rights_below(tmp_path) == {"images": 0o700, "images/proofs": 0o700, "images/proofs/old.png": 0o600}
    assert await store.get("proofs/old.png") == b"x"


@pytest.mark.parametrize("place", ["/", "open"])
def test_a_folder_that_others_use_is_refused_before_it_is_closed_to_them(tmp_path: Path, place: str) -> None:
    (tmp_path / "open").mkdir()
    (tmp_path / "open").chmod(0o1777)
    folder = tmp_path / place
    rights = folder.stat().st_mode
    with pytest.raises(ValidationError, match="needs a folder of its own"):
        settings_for("postgresql://unused", folder)
    assert folder.stat().st_mode == rights


async def test_a_folder_of_another_user_is_used_with_the_rights_it_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "images").mkdir(mode=0o755)

    def refuse(*_: object) -> None:
        raise PermissionError

    with monkeypatch.context() as theirs:
        theirs.setattr(Path, "chmod", refuse)
        store = image_store(settings_for("postgresql://unused", tmp_path / "images"))
    assert await store.get(await store.put(reencode(pictures.png()), under="proofs"))


def test_a_bucket_is_used_as_the_settings_say(tmp_path: Path) -> None:
    settings = settings_for(
        "postgresql://unused",
        tmp_path,
        s3_endpoint="http://minio.test:9000",
        s3_region="ap-southeast-3",
        s3_access_key_id="startline",
        s3_secret_access_key="not-a-real-secret",
    ).model_copy(update={"proof_store": "s3://race-images/2027/proofs"})
    bucket = image_store(settings).objects
    assert isinstance(bucket, S3Store)
    config: dict[str, Any] = dict(bucket.config)
    assert (config["bucket"], bucket.prefix) == ("race-images", "2027/proofs")
    assert (config["endpoint"], config["region"]) == ("http://minio.test:9000", "ap-southeast-3")
    assert (config["access_key_id"], config["secret_access_key"]) == ("startline", "not-a-real-secret")
    assert dict(bucket.client_options or {})["allow_http"] in {True, "true"}


def test_without_an_endpoint_plain_http_is_not_allowed(tmp_path: Path) -> None:
    settings = settings_for("postgresql://unused", tmp_path).model_copy(update={"proof_store": "s3://race-images"})
    bucket = image_store(settings).objects
    assert isinstance(bucket, S3Store)
    assert dict(bucket.client_options or {})["allow_http"] in {False, "false"}
    assert not bucket.prefix


@pytest.mark.parametrize("place", ["", "images", "s3://", "file://relative", "https://example.com/bucket"])
def test_a_place_that_is_neither_folder_nor_bucket_stops_the_start(tmp_path: Path, place: str) -> None:
    settings = settings_for("postgresql://unused", tmp_path)
    with pytest.raises(ValueError, match="proof_store"):
        type(settings)(**{**settings.model_dump(), "proof_store": place})


def test_half_of_the_credentials_or_an_unknown_time_zone_stop_the_start(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="go together"):
        settings_for("postgresql://unused", tmp_path, s3_access_key_id="startline")
    with pytest.raises(ValueError, match="timezone"):
        settings_for("postgresql://unused", tmp_path, timezone="Asia/Atlantis")


async def test_a_store_that_is_down_is_a_503_and_nothing_is_recorded(driver: PaymentDriver) -> None:
    # given
    _, payment = await driver.register_and_upload()
    other = await driver.register()
    driver.folder.rename(driver.folder.with_name("unplugged"))
    driver.folder.write_text("not a folder any more")
    # then
    assert (await driver.try_upload_proof(other)).is_problem(503, "unavailable")
    assert (await driver.invoice(other))["status"] == "open"
    assert (await driver.show_proof(payment)).status in {404, 503}
    assert len(await driver.rows("SELECT 1 FROM payments")) == 1
    # and once it is back all goes on
    driver.folder.unlink()
    driver.folder.with_name("unplugged").rename(driver.folder)
    await driver.upload_proof(other)


async def test_a_store_that_does_not_answer_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "proofs").write_text("a file where a folder should be")
    store = ImageStore(LocalStore(tmp_path))
    with pytest.raises(Unavailable):
        await store.put(reencode(pictures.png()), under="proofs")


@pytest.mark.parametrize(
    ("message", "reason"),
    [("Unable to copy data to file: No space left on device (os error 28)", "ENOSPC"), ("no answer", None)],
)
async def test_a_store_that_accepts_no_image_is_logged_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, message: str, reason: str | None
) -> None:
    store = image_store(settings_for("postgresql://unused", tmp_path / "images"))

    async def full(*_: object) -> None:
        raise GenericError(message)

    monkeypatch.setattr(LocalStore, "put_async", full)
    with capture_logs() as logs, pytest.raises(Unavailable):
        await store.put(reencode(pictures.png()), under="proofs")

    [line] = [each for each in logs if each["event"] == "image_store_unavailable"]
    assert (line["action"], line["reason"]) == ("keep", reason)
