"""Every field is refused when it is wrong."""

from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from testkit.driver import Headers

from .checkin_driver import PIN, CheckinDriver, person

Case = tuple[Any, str]
"""A body, and the field that the answer must name."""

STATION = {"name": "Station", "location_name": "Hall", "pin_code": PIN}
LOGIN = {"pin_code": PIN, "device_name": "Phone"}
CODE = "0" * 32
LINKS = ["https://evil.example", "Meja www.evil.net", "menang di evil.com", "a@evil.example", "evil\uff0ecom"]
LINES: list[Any] = ["", "   ", "x" * 256, "a\x00b", "a\nb", 7, [], {}, *LINKS]
PINS: list[Any] = ["", "12345", "1234567", "12345a", "73046\uff11", "730461\n", "73 461", "\x00" * 6, 730461]
REMARKS: list[Any] = ["", "  ", "x" * 1001, "a\x00", 7]


def wrong(good: dict[str, Any], **values: list[Any]) -> list[Case]:
    """Return `good` with each field wrong in turn."""
    return [({**good, field: value}, field) for field, wrongs in values.items() for value in wrongs]


def lacking(good: dict[str, Any]) -> list[Case]:
    """Return `good` without each field in turn, with null in it, and with a field too many."""
    missing: list[Case] = [({key: good[key] for key in good if key != field}, field) for field in good]
    null: list[Case] = [({**good, field: None}, field) for field in good]
    return [*missing, *null, ({**good, "extra": 1}, "extra"), ([], "body"), ("x", "body")]


async def all_refused(driver: CheckinDriver, method: str, path: str, by: Headers | None, cases: Iterable[Case]) -> None:
    for body, field in cases:
        answer = await driver.call(method, path, by=by, json=body)
        assert answer.is_problem(422, "invalid_fields"), (body, answer)
        assert answer.wrong_fields == [field], (body, answer)


async def test_a_station_with_a_wrong_field_is_not_opened(driver: CheckinDriver) -> None:
    cases = [
        *wrong(STATION, name=LINES, location_name=LINES, pin_code=PINS, event_id=["x", "", 7, []]),
        *lacking(STATION),
    ]
    await all_refused(driver, "POST", "/stations", driver.admin, cases)
    assert await driver.rows("SELECT 1 FROM stations") == []


async def test_a_login_with_a_wrong_field_is_refused_and_counts_no_attempt(driver: CheckinDriver) -> None:
    station_id = await driver.open_station()
    cases = [*wrong(LOGIN, device_name=LINES, pin_code=PINS), *lacking(LOGIN)]
    await all_refused(driver, "POST", f"/stations/{station_id}/login", None, cases)
    assert await driver.rows("SELECT attempts FROM stations") == [{"attempts": 0}]


async def test_a_station_is_not_changed_by_a_wrong_field(driver: CheckinDriver) -> None:
    station_id = await driver.open_station()
    cases = [
        *wrong({}, name=LINES, location_name=LINES, pin_code=PINS),
        *wrong(
            {}, event_id=["x", "", 7, []], is_active=["perhaps", 7, []], unlock=[False, "yes", 0], failed_attempts=[0]
        ),
        *[({}, "body"), ({"name": None}, "body"), ([], "body")],
    ]
    await all_refused(driver, "PATCH", f"/stations/{station_id}", driver.admin, cases)
    assert [entry["action"] for entry in await driver.audit_log()] == ["station.open"]


async def test_a_scan_with_a_wrong_field_is_refused(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    good = {"ticket_code": CODE}
    cases = [
        *wrong({}, ticket_code=["0" * 501, 7, ["0"]], participant_id=["x", "\x00", 7]),
        *wrong(good, notes=["x" * 1001, "a\x00", 7], station_id=[str(uuid4())]),
        *wrong(good, collected_by=[7, ["x"]], letter_seen=["yes", 1], identity_seen=["no", 0]),
        *wrong(good, handed_size=[7, {}], revision=[1]),
        *[({}, "body"), ({"ticket_code": None}, "body"), ({**good, "participant_id": str(uuid4())}, "body")],
        ("x", "body"),
    ]
    await all_refused(driver, "POST", "/checkins", station.device, cases)


async def test_an_idempotency_key_of_another_form_is_refused(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.confirm(runner := person())
    for key in ("", "x" * 101, "two words", "é"):
        headers, body = {"Idempotency-Key": key}, {"ticket_code": runner.ticket_code}
        answer = await driver.call("POST", "/checkins", by=station.device, json=body, headers=headers)
        assert (answer.status, answer.wrong_fields) == (422, ["Idempotency-Key"]), key
    assert await driver.rows("SELECT 1 FROM checkins") == []


async def test_an_undo_needs_a_reason(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    await driver.confirm(runner := person())
    await driver.scan(station.device, runner.ticket_code)
    cases = [*wrong({}, reason=REMARKS), *lacking({"reason": "x"}), (None, "body")]
    await all_refused(driver, "DELETE", f"/checkins/{runner.participant_id}", driver.admin, cases)
    assert await driver.rows("SELECT undone_at FROM checkins") == [{"undone_at": None}]


async def test_a_query_with_a_wrong_parameter_is_refused(driver: CheckinDriver) -> None:
    station = await driver.set_up_station()
    searches = [("", "q"), ("q=", "q"), ("q=%00", "q"), (f"q={'x' * 101}", "q"), ("q=a&limit=0", "limit")]
    searches += [("q=a&limit=51", "limit"), ("q=a&limit=x", "limit")]
    naive_time = "WyIyMDI2LTAxLTAxVDAwOjAwOjAwIiwgIjAwMDAwMDAwLTAwMDAtNDAwMC04MDAwLTAwMDAwMDAwMDAwMCJd"
    cursors = ["x", "x" * 501, "W10", "WzEsIDJd", naive_time, "%00"]
    pages = [("limit=0", "limit"), ("limit=201", "limit"), *((f"cursor={cursor}", "cursor") for cursor in cursors)]
    for path, who, queries in (
        ("/roster", station.device, searches),
        ("/stats", station.device, [("event_id=x", "event_id")]),
        ("/stations", driver.admin, pages),
        ("/devices", driver.admin, [*pages, ("station_id=x", "station_id")]),
    ):
        for query, field in queries:
            answer = await driver.call("GET", f"{path}?{query}", by=who)
            assert (answer.status, answer.wrong_fields) == (422, [field]), (path, query)


async def test_a_malformed_id_is_refused(driver: CheckinDriver) -> None:
    for method, path, body, field in (
        ("PATCH", "/stations/x", {"unlock": True}, "station_id"),
        ("POST", "/stations/x/login", LOGIN, "station_id"),
        ("DELETE", "/devices/x", None, "device_id"),
        ("DELETE", "/checkins/x", {"reason": "x"}, "participant_id"),
    ):
        answer = await driver.call(method, path, by=driver.admin, json=body)
        assert (answer.status, answer.wrong_fields) == (422, [field]), path
