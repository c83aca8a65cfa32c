"""Banner and logo of an event: what may be uploaded, what is shown of it, and for how long it may be kept."""

from collections.abc import Mapping
from typing import Any

import pytest
from chassis.auth.principals import Role
from PIL import Image
from registration.catalog.uploads import MAX_FILE_BYTES
from testkit.driver import Answer

from . import registration_pictures as pictures
from .registration_driver import RegistrationDriver

FOREVER = "public, max-age=31536000, immutable"


async def upload(driver: RegistrationDriver, file: bytes, kind: str = "banner", **options: Any) -> Answer:
    """Set a picture of the event."""
    by = options.pop("by", None) or driver.staff()
    files = {"file": ("poster.jpg", file, "image/jpeg"), **options}
    return await driver.call("PUT", f"/events/{driver.event['id']}/{kind}", by=by, files=files)


async def shown(driver: RegistrationDriver) -> Mapping[str, Any]:
    """Return the event as the public sees it."""
    event: Mapping[str, Any] = (await driver.call("GET", f"/events/{driver.event['slug']}")).require(200)
    return event


async def load(driver: RegistrationDriver, address: str, **headers: str) -> Answer:
    """Load a picture from the address that an event has."""
    return await driver.call("GET", address.removeprefix("/api/registration/v1"), headers=headers)


async def test_a_poster_is_shown_in_all_sizes_and_never_larger_than_it_is(driver: RegistrationDriver) -> None:
    await driver.create_event()
    before = await shown(driver)
    answer = await upload(driver, pictures.poster(1000, 625))
    banner = answer.require(200)["banner"]
    assert (before["banner"], (await shown(driver))["banner"]) == (None, banner)
    sizes = [(320, 200), (768, 480), (1000, 625)]
    assert [(each["width"], each["height"]) for each in banner["files"]] == sizes
    for file, size in zip(banner["files"], sizes, strict=True):
        found = await load(driver, file["address"])
        image = pictures.opened(found.content)
        assert (found.status, found.headers["Content-Type"]) == (200, "image/webp")
        assert (image.format, image.size) == ("WEBP", size)
    preview = await load(driver, banner["share"]["address"])
    assert preview.headers["Content-Type"] == "image/jpeg"
    assert pictures.opened(preview.content).format == "JPEG"


async def test_a_small_picture_answers_under_every_size(driver: RegistrationDriver) -> None:
    await driver.create_event()
    banner = (await upload(driver, pictures.poster(200, 100))).require(200)["banner"]
    assert [(each["width"], each["height"]) for each in banner["files"]] == [(200, 100)]
    for width in (320, 768, 1280):
        found = await driver.call("GET", f"/events/{driver.event['slug']}/banner/{width}.webp")
        assert pictures.opened(found.content).size == (200, 100)


async def test_a_logo_keeps_its_transparency_and_a_tall_picture_stays_in_bounds(driver: RegistrationDriver) -> None:
    await driver.create_event()
    clear = pictures.encoded(Image.new("RGBA", (400, 400), (0, 0, 0, 0)), "PNG")
    logo = (await upload(driver, clear, "logo")).require(200)["logo"]
    assert [each["width"] for each in logo["files"]] == [96, 192]
    assert logo["share"] is None
    image = pictures.opened((await load(driver, logo["files"][0]["address"])).content)
    assert image.convert("RGBA").getpixel((5, 5))[3] == 0  # type: ignore[index]  # four channels
    tall = (await upload(driver, pictures.poster(400, 4000))).require(200)["banner"]
    assert all(each["height"] <= 2 * 1280 for each in tall["files"])


async def test_metadata_does_not_get_out(driver: RegistrationDriver) -> None:
    await driver.create_event()
    exif = Image.Exif()
    exif[0x010F] = "A Phone Maker"
    banner = (await upload(driver, pictures.poster(exif=exif, comment=b"at home"))).require(200)["banner"]
    for each in (*banner["files"], banner["share"]):
        content = (await load(driver, each["address"])).content
        assert b"A Phone Maker" not in content
        assert b"at home" not in content


async def test_a_photograph_is_light_enough_for_a_phone(driver: RegistrationDriver) -> None:
    await driver.create_event()
    photograph = pictures.photograph()
    assert len(photograph) > 600_000, "else it is not hard to compress"
    banner = (await upload(driver, photograph)).require(200)["banner"]
    sizes = [len((await load(driver, each["address"])).content) for each in banner["files"]]
    assert [size <= most for size, most in zip(sizes, (24_000, 70_000, 115_000), strict=True)] == [True] * 3, sizes
    assert len((await load(driver, banner["share"]["address"])).content) <= 250_000


async def test_an_address_is_for_ever_and_another_version_is_not_kept(driver: RegistrationDriver) -> None:
    await driver.create_event()
    first = (await upload(driver, pictures.poster())).require(200)["banner"]["files"][0]["address"]
    second = (await upload(driver, pictures.poster(1200, 800))).require(200)["banner"]["files"][0]["address"]
    assert first != second
    answer = await load(driver, second)
    assert (answer.status, answer.headers["Cache-Control"]) == (200, FOREVER)
    assert (await load(driver, first)).headers["Cache-Control"] == "no-cache"
    assert (await load(driver, second.partition("?")[0])).headers["Cache-Control"] == "public, max-age=60"
    again = await load(driver, second, **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status, again.content, again.headers["Cache-Control"]) == (304, b"", FOREVER)


async def test_a_deleted_picture_is_gone_and_deleting_it_again_changes_nothing(driver: RegistrationDriver) -> None:
    await driver.create_event()
    address = (await upload(driver, pictures.poster())).require(200)["banner"]["files"][0]["address"]
    for _ in range(2):
        answer = await driver.call("DELETE", f"/events/{driver.event['id']}/banner", by=driver.staff())
        assert answer.status == 204
    assert (await shown(driver))["banner"] is None
    assert (await load(driver, address)).is_problem(404, "no_picture")
    actions = await driver.rows("SELECT action FROM audit_log WHERE action LIKE 'event.%_banner' ORDER BY id")
    assert [each["action"] for each in actions] == ["event.set_banner", "event.delete_banner"]


async def test_pictures_of_an_inactive_event_are_not_shown(driver: RegistrationDriver) -> None:
    await driver.create_event()
    address = (await upload(driver, pictures.poster())).require(200)["banner"]["files"][0]["address"]
    await driver.change_event(is_active=False)
    assert (await load(driver, address)).is_problem(404, "no_picture")


async def test_staff_see_the_pictures_of_an_inactive_event(driver: RegistrationDriver) -> None:
    await driver.create_event()
    files = [each["address"] for each in (await upload(driver, pictures.poster())).require(200)["banner"]["files"]]
    await driver.change_event(is_active=False)
    name = files[0].rpartition("/")[2].partition("?")[0]
    for each, kind in ((name, "WEBP"), ("share.jpg", "JPEG")):
        path = f"/catalog/{driver.event['id']}/banner/{each}"
        found = await driver.call("GET", path, by=driver.staff(Role.VIEWER))
        assert (found.status, found.headers["Cache-Control"]) == (200, "no-store")
        assert pictures.opened(found.content).format == kind
        assert (await driver.call("GET", path)).status == 401
    missing = await driver.call("GET", f"/catalog/{driver.event['id']}/logo/{name}", by=driver.staff())
    assert missing.is_problem(404, "no_picture")


@pytest.mark.parametrize("path", ["banner/640.webp", "banner/320.png", "banner/logo.webp", "logo/96.webp"])
async def test_other_names_are_not_found(driver: RegistrationDriver, path: str) -> None:
    await driver.create_event()
    await upload(driver, pictures.poster())
    assert (await driver.call("GET", f"/events/{driver.event['slug']}/{path}")).status == 404


async def test_only_admins_set_and_delete(driver: RegistrationDriver) -> None:
    await driver.create_event()
    for role in (Role.FINANCE, Role.CHECKIN, Role.VIEWER):
        assert (await upload(driver, pictures.poster(), by=driver.staff(role))).status == 403
    assert (await driver.call("PUT", f"/events/{driver.event['id']}/banner", files={"file": b"x"})).status == 401
    assert (await driver.call("DELETE", f"/events/{driver.event['id']}/logo")).status == 401


async def test_what_is_no_picture_is_refused_in_words(driver: RegistrationDriver) -> None:
    await driver.create_event()
    assert (await upload(driver, b"%PDF-1.7")).is_problem(415, "unsupported_image")
    assert (await upload(driver, pictures.poster()[:-500])).is_problem(415, "unsupported_image")
    huge = pictures.encoded(Image.new("1", (6000, 5000)), "PNG")
    refused = await upload(driver, huge)
    assert (refused.status, "25 million" in refused.body["detail"]) == (415, True)
    assert (await shown(driver))["banner"] is None


async def test_a_file_over_the_limit_is_refused(driver: RegistrationDriver) -> None:
    await driver.create_event()
    small = pictures.poster(100, 100)
    exact = small + b"\0" * (MAX_FILE_BYTES - len(small))
    assert (await upload(driver, exact + b"\0")).is_problem(413, "payload_too_large")
    assert (await upload(driver, exact)).status == 200


async def test_the_form_has_one_file_and_nothing_else(driver: RegistrationDriver) -> None:
    await driver.create_event()
    path = f"/events/{driver.event['id']}/banner"
    for form in ({"data": {"file": "text"}}, {"files": {"picture": b"x"}}, {"files": [("file", b"x"), ("file", b"y")]}):
        assert (await driver.call("PUT", path, by=driver.staff(), **form)).is_problem(422, "invalid_fields")


async def test_an_unknown_event_is_refused_before_the_file_is_read(driver: RegistrationDriver) -> None:
    await driver.create_event()
    driver.event = {"id": "00000000-0000-0000-0000-000000000000", "slug": "none"}
    assert (await upload(driver, b"not a picture")).is_problem(404, "unknown_event")
    answer = await driver.call("DELETE", f"/events/{driver.event['id']}/banner", by=driver.staff())
    assert answer.is_problem(404, "unknown_event")
