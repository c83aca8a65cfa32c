"""Race packs are handed out at three desks, of which one has no network."""

import asyncio
import hashlib
from collections.abc import Mapping, Sequence
from typing import Final

from standalone.journey.checks import at_most, eventually, expect
from standalone.journey.client import Device, Site, StaffMember

_PIN: Final = "470913"
_AT_ONCE: Final = 16
_SENT_AT_ONCE: Final = 50
"""Scans in a request, as the app on phones sends them."""


async def hand_out(site: Site, staff: StaffMember, codes: Sequence[str]) -> Mapping[str, int]:
    """Hand out the packs of these tickets, three or more, and return what happened by what it is.

    Half of them are handed out by the desk without a network, which later sends its scans to be merged. Both desks with
    one scan the first ticket at the same time; the other sends later that it gave a pack for that one, too.
    """
    body = {"name": "Desk", "location_name": "GBK Gate 1", "pin_code": _PIN}
    station = await staff.call("POST", "/checkin/v1/stations", json=body, expect=201)
    *desks, offline = [await Device.login(site, station["id"], _PIN, f"Phone {n}") for n in (1, 2, 3)]
    both_scan, *others = codes
    at_once, later = others[::2], others[1::2]
    await at_most(_AT_ONCE, (_scanned(desks[n % 2], code) for n, code in enumerate(at_once)))
    await _second_scans_are_refused(desks, both_scan, at_once[-1])
    await _scans_come_later(staff, offline, later, too_late=both_scan)
    return {
        "race packs handed out": len(codes),
        "of these without a network": len(later),
        "second scans refused": 2,
        "second packs seen": 1,
    }


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


async def _scans_come_later(staff: StaffMember, desk: Device, codes: Sequence[str], *, too_late: str) -> None:
    """Packs were handed out without a network, and one that another desk had handed out before."""
    await eventually(lambda: _knows(desk, codes), "confirmed runners on the phone's roster")
    results = await _merged(desk, [*codes, too_late])
    expect(results == [*("handed_out" for _ in codes), "conflict"], f"scans without a network became {results}")
    repeated = await _merged(desk, [*codes, too_late])
    expect(repeated == results, f"the same scans became {repeated}")
    [seen] = (await staff.call("GET", "/checkin/v1/conflicts?state=open"))["items"]
    reason = {"reason": "One pack too many: counted at the desk."}
    await staff.call("POST", f"/checkin/v1/conflicts/{seen['id']}/resolve", json=reason, expect=204)


async def _knows(desk: Device, codes: Sequence[str]) -> bool:
    known = {each["ticket_sha256"] for each in await desk.roster()}
    return known.issuperset(hashlib.sha256(code.encode()).hexdigest() for code in codes)


async def _merged(desk: Device, codes: Sequence[str]) -> Sequence[str]:
    """Send scans, some at a time, and return their results."""
    keys = [(f"scan-{number}", code) for number, code in enumerate(codes)]
    portions = [keys[at : at + _SENT_AT_ONCE] for at in range(0, len(keys), _SENT_AT_ONCE)]
    return [each["result"] for portion in portions for each in await desk.send(dict(portion))]
