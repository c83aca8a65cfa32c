"""Examples of the console's first page."""

from collections.abc import Mapping, Sequence
from typing import Final

import httpx

from .conftest import category, race
from .walk import Example
from .walk_overview_answers import (
    ACCOUNT,
    CHECKINS,
    CONFLICTS,
    KEPT,
    MESSAGES,
    PACKS,
    PAYMENTS,
    RUNS,
    SOLD,
    STATS,
    TIMELINE,
    account,
    ago,
    cancelled_packs,
    conflicts,
    counts,
    json_of,
    kept,
    messages,
    payments,
    reconciled,
    stats,
    timeline,
)
from .walk_staff import CATALOG, SERVICES

_AWAY: Final = httpx.Response(502)
_QUEUES: Final = [("GET", f"/api/{name}/v1/queues") for name in SERVICES]
_NO_DEAD_LETTERS: Final = json_of({"dead_letters": {"count": 0}})
_OTHER: Final = {
    CATALOG: json_of({"items": [race("Bandung Lari", category(), id=category("42K")["id"], is_active=False)]})
}
"""A race of which nothing is remembered."""

_CALM: Final = {
    PAYMENTS: payments(),
    MESSAGES: messages(),
    CHECKINS: cancelled_packs(0),
    CONFLICTS: conflicts(0),
    KEPT: kept(0),
    RUNS: reconciled(0),
    PACKS: json_of({"handed_out": 0, "waiting": 0}),
    **dict.fromkeys(_QUEUES, _NO_DEAD_LETTERS),
}
_EMPTY: Final = {**_OTHER, **_CALM, STATS: stats(counts()), TIMELINE: timeline(*[0] * 30)}
_MORE: Final = {
    MESSAGES: messages(lost={"count": 1000, "oldest_at": ago(days=9)}),
    CHECKINS: cancelled_packs(50, more=True),
    CONFLICTS: conflicts(50, more=True),
    KEPT: kept(50, more=True),
}
_ALL: Final = (STATS, TIMELINE, PAYMENTS, MESSAGES, PACKS, CHECKINS, CONFLICTS, KEPT, RUNS, *_QUEUES)

OVERVIEW: Mapping[str, tuple[Example, ...]] = {
    "/console": (
        Example("/console", state="full"),
        *(Example(f"/console?race=bandung-lari&span={each}", state="span") for each in ("24h", "7d", "all", "x")),
        Example("/console?span=all", answers={TIMELINE: timeline(*[5] * 200)}, state="weeks"),
        Example("/console?span=all", answers={TIMELINE: timeline(*[5] * 700)}, state="months"),
        Example("/console", answers=_EMPTY, state="empty race"),
        Example("/console", answers={**_OTHER, STATS: stats(), TIMELINE: timeline()}, state="no category"),
        Example("/console", answers={CATALOG: json_of({"items": []})}, state="no race"),
        Example("/console", answers={MESSAGES: messages(troubles=("email", "whatsapp"))}, state="trouble"),
        Example("/console", answers={ACCOUNT: account(ago(hours=3))}, state="refused key"),
        Example("/console", answers={ACCOUNT: _AWAY}, state="account away"),
        Example("/console", answers=_MORE, state="more than is counted"),
        Example("/console", answers={CATALOG: _AWAY}, state="catalog away"),
        *(Example("/console", answers={each: _AWAY}, state="remembered") for each in _ALL),
        *(Example("/console", answers={**_OTHER, each: _AWAY}, state="away") for each in _ALL),
        Example("/console", answers={**_OTHER, **dict.fromkeys(_ALL, _AWAY)}, state="all away"),
        Example("/console", answers={**_OTHER, STATS: stats(SOLD), CHECKINS: httpx.Response(405)}, state="refused"),
    ),
}
"""Examples by the path of the route in Indonesian."""

OVERVIEW_DATA: Final[Sequence[str]] = (
    *("Jan", "Feb", "Mar", "Apr", "Jun", "Jul", "Sep", "Nov"),
    *("April", "September", "November"),
)
"""Months that have the same name in both languages."""
