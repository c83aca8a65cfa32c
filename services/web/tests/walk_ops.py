"""Examples of the console's pages about race packs, reports and files."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx
from web.console.merging import fingerprints

from .walk import Example, problem
from .walk_ops_answers import (
    CANCELLED,
    CHECKIN,
    CLOSED,
    CONFLICT,
    CONFLICTS,
    DECIDED,
    DEVICE,
    DEVICES,
    EXPORTS,
    FINANCIAL,
    GONE_DEVICE,
    HANDOUTS,
    LOCKED,
    NEW_STATION,
    PACKS,
    PARTICIPANTS,
    REGISTRATION,
    REVOKED,
    RUNNER,
    SET_STOCK,
    STATION,
    STATIONS,
    STOCK,
    TIMELINE,
    UNDONE,
    UNKNOWN,
    conflict,
    conflicts,
    counts,
    export,
    financial,
    in_usdt,
    money,
    packs,
    stock,
    timeline,
)
from .walk_staff import CATALOG, NAMES, json_of

_AWAY: Final = httpx.Response(502)
_NOTHING: Final = json_of({"items": [], "next_cursor": None})
_NO_RACE: Final = {CATALOG: json_of({"items": []})}
_MINE: Final = f"/console/stations/{STATION}"
_UNDO: Final = f"/console/pickup/handouts/{RUNNER}/undo"
_CHANGE: Final = ("PATCH", f"{CHECKIN}/stations/{STATION}")
_REFUSED: Final = problem(409, "123", detail="123")
_RESOLVE: Final = ("POST", f"{CHECKIN}/conflicts/{CONFLICT}/resolve")
_KINDS: Final[Mapping[str, Mapping[str, Any]]] = {
    **{kind: {"kind": kind} for kind in ("not_valid", "other_event", "device_revoked", "123")},
    "may count": {"kind": "device_revoked", "handed_out": None},
}
_BROUGHT: Final = {"race": "jakarta-fun-run", "brought-m": "12", "brought-l": "", "brought-xl": "5"}
_WRONG_NUMBER: Final = problem(
    422, "invalid_fields", errors=[{"field": "sizes.0.brought", "message": "123"}, {"field": "sizes", "message": "456"}]
)
_NOT_STARTED: Final = packs(0, 10, by_station=[], by_hour=[])
_NO_ROWS: Final = counts(0, 0)
_MANY: Final = [{"status": "payment_verified", "participants": 9000}]

_PICKUP: Mapping[str, tuple[Example, ...]] = {
    "/console/pickup": (
        Example("/console/pickup"),
        Example("/console/pickup?race=bandung-lari"),
        Example("/console/pickup", answers={PACKS: json_of(_NOT_STARTED), HANDOUTS: _NOTHING}, state="not started"),
        Example("/console/pickup", answers={PACKS: json_of(packs(0, 0, categories=[], by_station=[], by_hour=[]))}),
        Example("/console/pickup", answers={PACKS: _AWAY, HANDOUTS: _AWAY}),
        Example("/console/pickup", answers={CATALOG: _AWAY}),
        Example("/console/pickup", answers=_NO_RACE, state="no race"),
    ),
    "/console/pickup/handouts": (
        Example("/console/pickup/handouts"),
        Example("/console/pickup/handouts?race=jakarta-fun-run&state=cancelled&q=Budi&cursor=x"),
        Example("/console/pickup/handouts?q=Budi", answers={HANDOUTS: _NOTHING}),
        Example("/console/pickup/handouts", answers={HANDOUTS: _NOTHING, CATALOG: _AWAY}),
        Example("/console/pickup/handouts", answers={HANDOUTS: _AWAY}),
    ),
    "/console/pickup/handouts/{participant_id}/undo": (
        Example(_UNDO),
        Example(_UNDO, 303, {"reason": "123"}),
        Example(_UNDO, 422, {"reason": " "}),
        Example(_UNDO, 503, {"reason": "123"}, {("DELETE", f"{CHECKIN}/checkins/{RUNNER}"): _AWAY}),
        Example(f"/console/pickup/handouts/{CANCELLED}/undo"),
        Example(f"/console/pickup/handouts/{UNDONE}/undo?done=undone"),
        Example(f"/console/pickup/handouts/{UNDONE}/undo", 409, {"reason": "123"}),
        Example(f"/console/pickup/handouts/{STATION}/undo", 404),
    ),
    "/console/stations": (
        Example("/console/stations"),
        Example("/console/stations?race=bandung-lari", answers={DEVICES: _AWAY}),
        Example("/console/stations", answers={STATIONS: _NOTHING}),
        Example("/console/stations", answers={STATIONS: _AWAY, DEVICES: _AWAY}),
        Example("/console/stations", answers={CATALOG: _AWAY}),
    ),
    "/console/stations/new": (
        Example("/console/stations/new?race=jakarta-fun-run"),
        Example("/console/stations/new", form=NEW_STATION, state="PIN"),
        Example("/console/stations/new", 422, {**NEW_STATION, "name": "Meja 1"}, state="taken"),
        Example(
            "/console/stations/new",
            422,
            {"race": "any"},
            {
                ("POST", f"{CHECKIN}/stations"): problem(
                    422, "invalid_fields", errors=[{"field": "event_id", "message": "123"}]
                )
            },
        ),
        Example("/console/stations/new", 503, NEW_STATION, {("POST", f"{CHECKIN}/stations"): _AWAY, STATIONS: _AWAY}),
    ),
    "/console/stations/{station_id}": (
        Example(f"{_MINE}?done=saved"),
        Example(_MINE, 303, NEW_STATION),
        Example(_MINE, 422, {**NEW_STATION, "name": "Meja 3"}, state="taken"),
        Example(_MINE, 409, NEW_STATION, {_CHANGE: _REFUSED}),
        Example(_MINE, answers={CATALOG: _AWAY, DEVICES: _AWAY}),
        Example(f"/console/stations/{LOCKED}?done=failed"),
        Example(f"/console/stations/{CLOSED}?done=off"),
        Example(f"/console/stations/{DEVICE}", 404),
    ),
    "/console/stations/{station_id}/pin": (
        Example(f"{_MINE}/pin"),
        Example(f"{_MINE}/pin", form={}),
        Example(f"{_MINE}/pin", 409, {}, {_CHANGE: _REFUSED}),
        Example(f"/console/stations/{LOCKED}/pin", answers={DEVICES: _AWAY}),
    ),
    "/console/stations/{station_id}/off": (
        Example(f"{_MINE}/off"),
        Example(f"{_MINE}/off", 303, {}),
        Example(f"{_MINE}/off", 503, {}, {_CHANGE: _AWAY}),
        Example(f"/console/stations/{CLOSED}/off", answers={DEVICES: _NOTHING}),
    ),
    "/console/stations/{station_id}/sheet": (
        Example(f"{_MINE}/sheet"),
        Example(f"/console/stations/{LOCKED}/sheet"),
        Example(f"/console/stations/{DEVICE}/sheet", 404),
    ),
    "/console/conflicts": (
        Example("/console/conflicts?done=resolved"),
        Example(
            "/console/conflicts?race=jakarta-fun-run&state=resolved&cursor=x",
            answers={CONFLICTS: conflicts(DECIDED, {**DECIDED, "resolved_by": "x"}, next_cursor="x")},
        ),
        Example("/console/conflicts", answers={CONFLICTS: _NOTHING}, state="none"),
        Example("/console/conflicts?state=resolved", answers={CONFLICTS: _NOTHING}, state="none"),
        Example("/console/conflicts?race=jakarta-fun-run", answers={CONFLICTS: _NOTHING}, state="none"),
        Example("/console/conflicts", answers={CONFLICTS: _AWAY, CATALOG: _AWAY, NAMES: _AWAY}),
        Example("/console/conflicts?race=none", 404),
    ),
    "/console/conflicts/{conflict_id}": (
        Example(f"/console/conflicts/{CONFLICT}"),
        *(
            Example(f"/console/conflicts/{CONFLICT}", answers={CONFLICTS: conflicts(conflict(**fields))}, state=name)
            for name, fields in _KINDS.items()
        ),
        Example(f"/console/conflicts/{UNKNOWN['id']}", answers={CATALOG: _AWAY, NAMES: _AWAY}),
        Example(f"/console/conflicts/{DECIDED['id']}"),
        Example(f"/console/conflicts/{CONFLICT}", 303, {"reason": "123"}),
        Example(f"/console/conflicts/{CONFLICT}", 422, {"reason": " "}),
        Example(f"/console/conflicts/{REVOKED['id']}", 303, {"reason": "123", "accept": "yes"}),
        Example(f"/console/conflicts/{REVOKED['id']}", 422, {"reason": ""}),
        Example(f"/console/conflicts/{DECIDED['id']}", 409, {"reason": "1"}),
        *(
            Example(f"/console/conflicts/{CONFLICT}", 409, {"reason": "1"}, {_RESOLVE: problem(409, code)}, state=code)
            for code in ("cannot_accept", "already_checked_in")
        ),
        Example(f"/console/conflicts/{CONFLICT}", 503, {"reason": "1"}, {_RESOLVE: _AWAY}),
        Example(f"/console/conflicts/{STATION}", 404),
    ),
    "/console/stock": (
        Example("/console/stock?race=jakarta-fun-run&done=saved"),
        Example("/console/stock", answers={STOCK: stock()}, state="empty"),
        Example("/console/stock", answers={STOCK: _AWAY}),
        Example("/console/stock", answers={CATALOG: _AWAY}),
        Example("/console/stock", answers=_NO_RACE, state="no race"),
        Example("/console/stock", 303, {**_BROUGHT, "new_size": "S", "new_brought": "1"}),
        Example("/console/stock", 422, {**_BROUGHT, "brought-m": "x", "new_size": "M", "new_brought": ""}),
        Example("/console/stock", 422, {**_BROUGHT, "new_brought": "1"}),
        Example("/console/stock", 422, _BROUGHT, {SET_STOCK: _WRONG_NUMBER}),
        Example("/console/stock", 409, {**_BROUGHT, "base": fingerprints({"brought-m": "9"})}, state="changed"),
        Example("/console/stock", 503, _BROUGHT, {SET_STOCK: _AWAY}),
    ),
    "/console/devices": (
        Example("/console/devices"),
        Example(f"/console/devices?station={STATION}&done=revoked"),
        Example("/console/devices?cursor=x", answers={DEVICES: _NOTHING}),
        Example("/console/devices", answers={DEVICES: _AWAY, STATIONS: _AWAY}),
    ),
    "/console/devices/{device_id}/revoke": (
        Example(f"/console/devices/{DEVICE}/revoke"),
        Example(f"/console/devices/{DEVICE}/revoke", 303, {}),
        Example(f"/console/devices/{GONE_DEVICE}/revoke"),
        Example(f"/console/devices/{STATION}/revoke", 404),
    ),
}

_ACTIONS: Final = (
    Example(f"{_MINE}/on", 303, {}),
    Example(f"{_MINE}/on", 303, {}, {_CHANGE: _AWAY}),
    Example(f"{_MINE}/unlock", 303, {}),
)

_BY_CHANNEL: Final = {FINANCIAL: financial(money("usdt"), money(None))}
_REPORT: Final = "/console/reports/financial"
_REPORTS: Mapping[str, tuple[Example, ...]] = {
    _REPORT: (
        Example(_REPORT),
        Example(f"{_REPORT}?race=jakarta-fun-run&first_day=2027-01-01&last_day=2027-01-04&by=day"),
        Example(f"{_REPORT}?by=channel&first_day=2027-01-01", answers=_BY_CHANNEL),
        Example(f"{_REPORT}?by=type&last_day=2027-01-04", answers={FINANCIAL: financial(money("collective_5"))}),
        Example(
            f"{_REPORT}?by=phase", answers={FINANCIAL: financial(money("Early bird", rounding="-123.00"), money(None))}
        ),
        Example(
            f"{_REPORT}?by=category",
            answers={
                FINANCIAL: financial(
                    money("5K", discounts="1.00", fees="2.00"),
                    money("10K", currency="USD"),
                    totals=[money(None, discounts="1.00", fees="2.00"), money(None, currency="USD")],
                )
            },
        ),
        Example(_REPORT, answers={FINANCIAL: financial()}),
        Example(_REPORT, answers={FINANCIAL: financial(money("2027-01-03"), usdt=in_usdt("bsc", "ethereum"))}),
        Example(_REPORT, answers={FINANCIAL: financial(usdt=in_usdt("bsc"))}, state="nothing but kept USDT"),
        Example(_REPORT, answers={FINANCIAL: financial(usdt=in_usdt())}, state="USDT of the release before"),
        Example(_REPORT, answers={FINANCIAL: _AWAY, CATALOG: _AWAY}),
        Example(f"{_REPORT}?first_day=2027-01-04&last_day=2027-01-01", 422),
        Example(f"{_REPORT}?first_day=1", 422),
        Example(
            _REPORT,
            422,
            answers={FINANCIAL: problem(422, "invalid_fields", errors=[{"field": "to", "message": "123"}])},
        ),
    ),
    "/console/reports/participants": (
        Example("/console/reports/participants"),
        Example(
            "/console/reports/participants?race=jakarta-fun-run&category=5k&first_day=2027-01-01&last_day=2027-01-04"
        ),
        Example("/console/reports/participants", answers={PARTICIPANTS: _AWAY, TIMELINE: _AWAY}),
        Example("/console/reports/participants", answers={CATALOG: _AWAY}),
        Example("/console/reports/participants", answers=_NO_RACE, state="no race"),
        Example(
            "/console/reports/participants",
            answers={PARTICIPANTS: json_of({"categories": [], "total": _NO_ROWS}), TIMELINE: timeline(0)},
        ),
        Example("/console/reports/participants?first_day=x", 422),
        Example(
            "/console/reports/participants",
            422,
            answers={TIMELINE: problem(422, "invalid_fields", errors=[{"field": "from", "message": "123"}])},
        ),
    ),
}

_STATS: Final = ("GET", f"{REGISTRATION}/stats")
_RUNNING: Final = export(delivery="file", state="running")
_ASKED: Final = {"kind": "bibs", "format": "csv", "race": "jakarta-fun-run", "category": "5k", "key": "123"}
_FILES: Mapping[str, tuple[Example, ...]] = {
    "/console/exports": (
        Example("/console/exports"),
        Example("/console/exports?race=jakarta-fun-run&category=5k&done=asked&cursor=x"),
        Example("/console/exports", answers={_STATS: json_of({"items": _MANY})}, state="large"),
        Example(
            "/console/exports",
            answers={
                EXPORTS: json_of({"items": [_RUNNING, export(state="waiting", bytes=900)]}),
                NAMES: _AWAY,
            },
            state="in work",
        ),
        Example("/console/exports", answers={EXPORTS: _NOTHING, _STATS: _AWAY}),
        Example("/console/exports", answers={EXPORTS: _AWAY, CATALOG: _AWAY}),
        Example("/console/exports", answers=_NO_RACE, state="no race"),
        *(Example(f"/console/exports?failed={code}") for code in ("download_running", "export_gone", "x")),
        Example("/console/exports", 303, _ASKED),
        Example("/console/exports", 422, {"kind": "x"}),
        Example("/console/exports", 409, _ASKED, {("POST", f"{REGISTRATION}/exports"): _REFUSED}),
        Example("/console/exports", 503, _ASKED, {("POST", f"{REGISTRATION}/exports"): _AWAY}),
    ),
}

EXAMPLES: Mapping[str, tuple[Example, ...]] = {
    **_PICKUP,
    "/console/stations/{station_id}": (*_PICKUP["/console/stations/{station_id}"], *_ACTIONS),
    **_REPORTS,
    **_FILES,
}
"""Examples by the path of the route in Indonesian."""

DATA: Final[Sequence[str]] = (
    *("Meja 1", "Meja 2", "Meja 3", "Meja 9", "Sari Dewi", "FR5K-2027-00001"),
    *("CSV", "IDR", "PIN", "USDT", "3 Jan", "4 Jan"),
)
"""Texts of the answers, and words that are the same in both languages."""
