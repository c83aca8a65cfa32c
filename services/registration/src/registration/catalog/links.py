"""Addresses at Strava that an event may name: links only, as nothing is read from there (ADR 45)."""

import re
from collections.abc import Callable
from typing import Annotated, Final
from urllib.parse import urlsplit

from chassis.web.models import Line
from chassis.wording import Refused, Wording
from pydantic import AfterValidator, Field

NO_CLUB: Final = Wording(
    en="Use the address of a club at Strava, like https://www.strava.com/clubs/lari-kota.",
    id="Pakai alamat klub di Strava, seperti https://www.strava.com/clubs/lari-kota.",
)
NO_EVENT: Final = Wording(
    en="Use the address of a club's event at Strava, like https://www.strava.com/clubs/lari-kota/group_events/123.",
    id="Pakai alamat acara klub di Strava, seperti https://www.strava.com/clubs/lari-kota/group_events/123.",
)
NO_ROUTE: Final = Wording(
    en="Use the address of a route at Strava, like https://www.strava.com/routes/123.",
    id="Pakai alamat rute di Strava, seperti https://www.strava.com/routes/123.",
)
_HOSTS: Final = frozenset({"strava.com", "www.strava.com"})
_CLUB: Final = r"/clubs/[A-Za-z0-9_-]+"


def _page(path: str, wording: Wording) -> Callable[[str], str]:
    """Return a check of addresses whose path matches; it returns them without query and fragment."""
    pattern = re.compile(path)

    def check(address: str) -> str:
        try:
            found = urlsplit(address)
        except ValueError:
            raise Refused(wording) from None
        own = found.path.removesuffix("/")
        if found.scheme != "https" or found.netloc.lower() not in _HOSTS or not pattern.fullmatch(own):
            raise Refused(wording)
        return f"https://www.strava.com{own}"

    return check


StravaClub = Annotated[
    Line, AfterValidator(_page(_CLUB, NO_CLUB)), Field(examples=["https://www.strava.com/clubs/lari-kota"])
]
StravaEvent = Annotated[
    Line,
    AfterValidator(_page(rf"{_CLUB}/group_events/[0-9]+", NO_EVENT)),
    Field(examples=["https://www.strava.com/clubs/lari-kota/group_events/123"]),
]
StravaRoute = Annotated[
    Line, AfterValidator(_page(r"/routes/[0-9]+", NO_ROUTE)), Field(examples=["https://www.strava.com/routes/123"])
]
