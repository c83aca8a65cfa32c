"""The course of an event: what may be uploaded, what is kept of it, and how it is downloaded."""

from typing import Any

import pytest
from chassis.auth.principals import Role
from registration.catalog.uploads import MAX_FILE_BYTES
from registration.courses.gpx import read_tracks
from testkit.driver import Answer

from . import registration_courses as courses
from .registration_courses import gpx, points, track
from .registration_driver import RegistrationDriver

FOREVER = "public, max-age=31536000, immutable"


async def upload(driver: RegistrationDriver, file: bytes, **options: Any) -> Answer:
    """Set the course of the event."""
    by = options.pop("by", None) or driver.staff()
    return await driver.call("PUT", f"/events/{driver.event['id']}/course", by=by, files={"file": ("c.gpx", file)})


async def download(driver: RegistrationDriver, query: str = "", **headers: str) -> Answer:
    """Download the course as the public does."""
    return await driver.call("GET", f"/events/{driver.event['slug']}/course.gpx{query}", headers=headers)


async def shown(driver: RegistrationDriver) -> dict[str, Any]:
    """Return the event as the public sees it."""
    event: dict[str, Any] = (await driver.call("GET", f"/events/{driver.event['slug']}")).require(200)
    return event


async def test_a_course_is_shown_with_its_length_and_downloaded_as_a_file(driver: RegistrationDriver) -> None:
    await driver.create_event()
    before = await shown(driver)
    assert (before["has_course"], before["course_meters"]) == (False, None)

    answer = (await upload(driver, gpx())).require(200)

    after = await shown(driver)
    assert (answer["has_course"], after["has_course"]) == (True, True)
    assert after["course_meters"] == pytest.approx(5000, abs=5)
    file = await download(driver)
    assert (file.status, file.headers["Content-Type"]) == (200, "application/gpx+xml")
    assert file.headers["Content-Disposition"] == f'attachment; filename="{driver.event["slug"]}.gpx"'
    assert file.headers["X-Content-Type-Options"] == "nosniff"
    assert [len(each) for each in read_tracks(file.content)[0].segments] == [6]


async def test_what_a_watch_records_besides_the_course_does_not_get_out(driver: RegistrationDriver) -> None:
    await driver.create_event()
    extra = "<ele>12.34</ele><time>2027-01-01T05:00:00Z</time><extensions><hr>172</hr></extensions>"
    author = "<metadata><author><name>Budi Santoso</name></author></metadata>"
    script = "<script xmlns='http://www.w3.org/1999/xhtml'>alert(1)</script>"
    await upload(driver, gpx([author, script, track(points(3, extra=extra), name="5K &lt;b&gt; &amp; more")]))
    content = (await download(driver)).content.decode()
    assert "<ele>12.3</ele>" in content
    assert "<name>5K &lt;b&gt; &amp; more</name>" in content
    for word in ("172", "2027-01-01", "Budi", "script", "watch"):
        assert word not in content


async def test_an_address_with_a_version_may_be_kept_and_another_version_not(driver: RegistrationDriver) -> None:
    await driver.create_event()
    old = (await upload(driver, gpx())).require(200)["course_version"]
    same = (await upload(driver, gpx())).require(200)["course_version"]
    new = (await upload(driver, gpx([track(points(4))]))).require(200)["course_version"]
    assert (old, old != new) == (same, True)
    answer = await download(driver, f"?v={new}")
    assert answer.headers["Cache-Control"] == FOREVER
    assert (await download(driver, f"?v={old}")).headers["Cache-Control"] == "no-cache"
    assert (await download(driver)).headers["Cache-Control"] == "public, max-age=60"
    again = await download(driver, f"?v={new}", **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status, again.content) == (304, b"")


async def test_a_deleted_course_is_gone_and_deleting_it_again_changes_nothing(driver: RegistrationDriver) -> None:
    await driver.create_event()
    await upload(driver, gpx())
    for _ in range(2):
        path = f"/events/{driver.event['id']}/course"
        assert (await driver.call("DELETE", path, by=driver.staff())).status == 204
    assert (await shown(driver))["has_course"] is False
    assert (await download(driver)).is_problem(404, "no_course")
    assert await driver.scalar("SELECT count(*) FROM event_courses") == 0
    actions = await driver.rows("SELECT action FROM audit_log WHERE action LIKE 'event.%_course' ORDER BY id")
    assert [each["action"] for each in actions] == ["event.set_course", "event.delete_course"]


async def test_the_course_of_an_inactive_event_is_for_staff(driver: RegistrationDriver) -> None:
    await driver.create_event()
    await upload(driver, gpx())
    await driver.change_event(is_active=False)
    assert (await download(driver)).is_problem(404, "no_course")
    path = f"/catalog/{driver.event['id']}/course.gpx"
    found = await driver.call("GET", path, by=driver.staff(Role.VIEWER))
    assert (found.status, found.headers["Cache-Control"]) == (200, "no-store")
    assert len(read_tracks(found.content)) == 1


async def test_only_admins_set_a_course_and_only_of_an_event_that_there_is(driver: RegistrationDriver) -> None:
    await driver.create_event()
    for role in (Role.FINANCE, Role.CHECKIN, Role.VIEWER):
        assert (await upload(driver, gpx(), by=driver.staff(role))).status == 403
    driver.event = {**driver.event, "id": driver.event["id"][:-4] + "0000"}
    assert (await upload(driver, gpx())).is_problem(404, "unknown_event")


_LAUGHS = '<!DOCTYPE gpx [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
_FILE = '<!DOCTYPE gpx [<!ENTITY a SYSTEM "file:///etc/passwd">]>'
_REFUSED = {
    "nothing": b"",
    "a picture": b"\xff\xd8\xff",
    "another format": b"<kml><Placemark/></kml>",
    "not closed": gpx()[:-3],
    "entities": gpx([track(points(3), name="&b;")], head=_LAUGHS),
    "a file of the server": gpx([track(points(3), name="&a;")], head=_FILE),
    "a document type": gpx(head="<!DOCTYPE gpx>"),
    "too deep": b"<gpx>" + b"<a>" * 200_000,
    "an unknown encoding": gpx(head='<?xml version="1.0" encoding="none-such"?>'),
    "an encoding that is none of text": gpx(head='<?xml version="1.0" encoding="zlib"?>'),
    "no point": gpx(["<wpt lat='1' lon='2'/>"]),
    "one point": gpx([track(points(1))]),
    "points outside of lines": gpx([points(9)]),
    "not a number": gpx([track("<trkpt lat='nan' lon='1'/>" * 3)]),
    "not on earth": gpx([track("<trkpt lat='91' lon='1'/>" * 3)]),
    "without a place": gpx([track("<trkpt/>" * 3)]),
    "too many points": gpx([track(points(50_001, step=1e-5))]),
}


@pytest.mark.parametrize("name", _REFUSED)
async def test_what_is_no_course_is_refused_at_its_field(driver: RegistrationDriver, name: str) -> None:
    await driver.create_event()
    answer = await upload(driver, _REFUSED[name])
    assert (answer.status, answer.wrong_fields) == (422, ["file"])
    assert (await shown(driver))["has_course"] is False


@pytest.mark.parametrize(
    ("file", "kilometers"),
    [
        (gpx([track(points(2), points(3))]), 3),
        (gpx([track(points(6), name="5K"), track(points(11), name="10K")]), 10),
        (gpx([f"<rte>{points(4, tag='rtept')}</rte>"]), 3),
        (gpx([f"<rte>{points(9, tag='rtept')}</rte>", track(points(2))]), 1),
        (gpx(xmlns="http://www.topografix.com/GPX/1/0"), 5),
        (b"<gpx>" + track(points(3)).encode() + b"</gpx>", 2),
        (gpx(head='<?xml version="1.0" encoding="ISO-8859-1"?>'), 5),
        (gpx().decode().replace("UTF-8", "UTF-16").encode("utf-16"), 5),
    ],
    ids=["segments", "two distances", "route", "track before route", "1.0", "no namespace", "latin", "utf-16"],
)
async def test_the_length_is_that_of_the_longest_line(driver: RegistrationDriver, file: bytes, kilometers: int) -> None:
    await driver.create_event()
    answer = (await upload(driver, file)).require(200)
    assert answer["course_meters"] == pytest.approx(kilometers * 1000, abs=10)


async def test_heights_that_cannot_be_are_left_out(driver: RegistrationDriver) -> None:
    await driver.create_event()
    heights = "".join(
        f"<trkpt lat='{at}' lon='1'><ele>{height}</ele></trkpt>"
        for at, height in enumerate(("12", "inf", "x", "99999", ""))
    )
    await upload(driver, gpx([track(heights)]))
    [points_of] = read_tracks((await download(driver)).content)[0].segments
    assert [each.height for each in points_of] == [12.0, None, None, None, None]


async def test_a_file_over_the_limit_is_refused(driver: RegistrationDriver) -> None:
    await driver.create_event()
    padded = gpx() + b" " * (MAX_FILE_BYTES - len(gpx()))
    assert (await upload(driver, padded + b" ")).is_problem(413, "payload_too_large")
    assert (await upload(driver, padded)).status == 200


def test_a_degree_of_latitude_is_111_kilometers() -> None:
    [found] = read_tracks(gpx([track(points(2, step=courses.KILOMETER * 111.195))]))
    assert found.meters == pytest.approx(111_195, rel=0.001)
