"""The endpoints in the form of a network. Their URLs contain keys: one that is stored is known by its host only."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from web.console.races.values import NO_WHOLE_NUMBER, Reading
from web.console.usdt.models import Network

MOST: Final = 5
FIELD: Final = "endpoints"
"""Name of all endpoints together, as a field that a colleague may have changed."""

_ALL: Final = range(1, MOST + 1)


@dataclass(frozen=True)
class Asked:
    """An endpoint that is asked for.

    Attributes:
        slot: its place in the form, from 1, which is also the number of a stored one.
        url: of a new one; empty to keep the stored one.
        host: of the stored one, as the form showed it.
        log_range: maximum number of blocks in one request for logs.
    """

    slot: int
    url: str
    host: str
    log_range: int | None

    @property
    def body(self) -> Mapping[str, Any]:
        """Return it as payment takes it."""
        return {**({"url": self.url} if self.url else {"number": self.slot}), "log_range": self.log_range}


def url_field(slot: int) -> str:
    """Return the name of the field of a URL, which says that it is kept nowhere."""
    return f"url_{slot}_secret"


def range_field(slot: int) -> str:
    """Return the name of the field of the maximum number of blocks."""
    return f"range_{slot}"


def slots(network: Network) -> Sequence[int]:
    """Return the places in the form: those of the stored endpoints, and some that are free."""
    stored = len(network.endpoints)
    return _ALL[: stored + 1 if stored else 2]


def shown(network: Network) -> Mapping[str, str]:
    """Return the fields of the stored endpoints."""
    return {range_field(each.number): str(each.log_range) for each in network.endpoints}


def read(reading: Reading) -> Sequence[Asked]:
    """Return the endpoints that a form asks for, in their order; what cannot be read is noted in `reading`."""
    return [_read(reading, slot) for slot in _ALL if _is_asked(reading, slot)]


def _is_asked(reading: Reading, slot: int) -> bool:
    is_there = reading.text(url_field(slot)) or reading.text(f"host_{slot}")
    return bool(is_there) and not reading.check(f"drop_{slot}")


def _read(reading: Reading, slot: int) -> Asked:
    name = range_field(slot)
    if not reading.text(name):
        reading.refuse(name, NO_WHOLE_NUMBER)
    return Asked(slot, reading.text(url_field(slot)), reading.text(f"host_{slot}"), reading.whole(name))


def summary(asked: Sequence[Asked]) -> str:
    """Return the endpoints of a form in one text, which equals that of the stored ones if nothing was changed."""
    return ", ".join(f"+{each.slot}" if each.url else f"{each.host} {each.log_range}" for each in asked)


def stored_summary(network: Network) -> str:
    """Return the stored endpoints in one text."""
    return ", ".join(f"{each.host} {each.log_range}" for each in network.endpoints)


def field_of(name: str, asked: Sequence[Asked]) -> str:
    """Return the field of the form that payment's name of one of an endpoint is about."""
    _, place, own = (*name.split("."), "", "")[:3]
    if not place.isdigit() or int(place) >= len(asked):
        return url_field(1)
    slot = asked[int(place)].slot
    return range_field(slot) if own == "log_range" else url_field(slot)
