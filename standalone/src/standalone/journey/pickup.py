"""Race packs are handed out at three desks, of which one has no network."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Final

from standalone.journey.checks import at_most, eventually, expect
from standalone.journey.client import Device, Site, StaffMember

_PIN: Final = "470913"
_AT_ONCE: Final = 16


async def hand_out(site: Site, staff: StaffMember, codes: Sequence[str]) -> Mapping[str, int]:
    """Hand out the packs of these tickets, three or more, and return what happened by what it is.

    Both desks with a network scan the first ticket at the same time; the desk without one hands out the second, and
    later sends that it gave a pack for the first, too.
    """
    body = {"name": "Desk", "location_name": "GBK Gate 1", "pin_code": _PIN}
    station = await staff.call("POST", "/checkin/v1/stations", json=body, expect=201)
    *desks, offline = [await Device.login(site, station["id"], _PIN, f"Phone {n}") for n in (1, 2, 3)]
    both_scan, only_offline, *others = codes
    await at_most(_AT_ONCE, (_scanned(desks[n % 2], code) for n, code in enumerate(others)))
    await _second_scans_are_refused(desks, both_scan, others[-1])
    await _scans_come_later(staff, offline, only_offline, too_late=both_scan)
    return {"race packs handed out": len(codes), "second scans refused": 2, "second packs seen": 1}


async def _scanned(desk: Device, code: str) -> None:
    async def on_the_roster() -> bool:
        return (await desk.scan(code, expect=(201, 404))).status_code == 201  # noqa: PLR2004

    await eventually(on_the_roster, "a confirmed runner on the roster")


async def _second_scans_are_refused(desks: Sequence[Device], both_scan: str, handed_out: str) -> None:
    both = await asyncio.gather(*(desk.scan(both_scan, expect=(201, 409)) for desk in desks))
    expect(sorted(answer.status_code for answer in both) == [201, 409], "one ticket, two packs")
    again = await desks[0].scan(handed_out, expect=409)
    expect(again.json()["code"] == "already_checked_in", "a second scan was not refused")
    await desks[0].scan("0" * 32, expect=404)


async def _scans_come_later(staff: StaffMember, desk: Device, code: str, *, too_late: str) -> None:
    """A pack was handed out without a network, and one that another desk had handed out before."""
    scans = {"first": code, "second": too_late}
    results = [each["result"] for each in await desk.send(scans)]
    expect(results == ["handed_out", "conflict"], f"scans without a network became {results}")
    repeated = [each["result"] for each in await desk.send(scans)]
    expect(repeated == results, f"the same scans became {repeated}")
    [seen] = (await staff.call("GET", "/checkin/v1/conflicts?state=open"))["items"]
    reason = {"reason": "One pack too many: counted at the desk."}
    await staff.call("POST", f"/checkin/v1/conflicts/{seen['id']}/resolve", json=reason, expect=204)
