"""Jersey stock of a race as check-in answers it, and what the form changes of it."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final
from uuid import UUID

from chassis.wording import Language, Wording

from web.console.apis import Failure
from web.console.merging import BASE, conflict, fingerprints, merge
from web.console.races.values import Reading
from web.forms import FieldError
from web.upstream.client import Answer

NEW_SIZE: Final = "new_size"
NEW_BROUGHT: Final = "new_brought"

_NO_SIZE: Final = Wording(en="Write the size without spaces, like XXL.", id="Tulis ukurannya tanpa spasi, seperti XXL.")
_NO_COUNT: Final = Wording(en="Write how many you brought.", id="Tulis berapa yang dibawa.")
_KNOWN: Final = Wording(
    en="This size has a row already. Write the number there.",
    id="Ukuran ini sudah ada di tabel. Tulis jumlahnya di sana.",
)
_SIZE: Final = re.compile(r"[a-z0-9][a-z0-9+-]*")
_PLACE: Final = re.compile(r"sizes\.(\d+)\.(\w+)")


class Size(Answer):
    """The jerseys of one size.

    Attributes:
        brought: to all stations together; None if that was not written down.
        waiting: ordered by runners who have not collected their pack.
    """

    jersey_size: str
    brought: int | None
    handed_out: int
    waiting: int

    @property
    def field(self) -> str:
        """Return the name of its field."""
        return f"brought-{self.jersey_size}"

    @property
    def left(self) -> int | None:
        """Return the jerseys that are still there; None if it is not known how many were brought."""
        return None if self.brought is None else self.brought - self.handed_out

    @property
    def missing(self) -> int:
        """Return how many too few are left for those who wait; 0 if it is not known."""
        return 0 if self.left is None else max(0, self.waiting - self.left)


class Stock(Answer):
    """The jerseys of a race by size."""

    event_id: UUID
    sizes: tuple[Size, ...]

    @property
    def values(self) -> Mapping[str, str]:
        """Return the fields of the form as nothing has been typed, with their fingerprints."""
        found = {each.field: "" if each.brought is None else str(each.brought) for each in self.sizes}
        return {**found, BASE: fingerprints(found)}


@dataclass(frozen=True)
class Wanted:
    """What a form asks for.

    Attributes:
        values: for the form if it is shown again.
        failure: why nothing can be stored; None if it can.
        sizes: that change, as the API takes them.
    """

    values: Mapping[str, str]
    failure: Failure | None
    sizes: Sequence[Mapping[str, Any]] = ()


def read(typed: Mapping[str, str], now: Stock, language: Language) -> Wanted:
    """Return what a form changes of the stock: typed numbers only, so that changes by other staff stay."""
    stored = {name: value for name, value in now.values.items() if name != BASE}
    filled = {**stored, **typed}  # a size that is new since the form was shown has no field in it
    merged = merge(filled, stored, language)
    reading = Reading(merged.values, language)
    numbers = [(each, reading.whole(each.field)) for each in now.sizes]
    sizes = [_brought(each.jersey_size, number) for each, number in numbers if each.field in merged.changed]
    sizes += _added(reading, now)
    if reading.errors:
        return Wanted(filled, Failure(422, "invalid_fields", errors=reading.errors))
    return Wanted(merged.values, conflict(merged), sizes)


def _brought(size: str, number: int | None) -> Mapping[str, Any]:
    return {"jersey_size": size, "brought": number}


def _added(reading: Reading, now: Stock) -> Sequence[Mapping[str, Any]]:
    """Return the size of the empty row, if something was typed there."""
    size, number = reading.text(NEW_SIZE).lower(), reading.whole(NEW_BROUGHT)
    if not size and not reading.text(NEW_BROUGHT):
        return ()
    if not _SIZE.fullmatch(size):
        reading.refuse(NEW_SIZE, _NO_SIZE)
    elif size in {each.jersey_size for each in now.sizes}:
        reading.refuse(NEW_SIZE, _KNOWN)
    if not reading.text(NEW_BROUGHT):
        reading.refuse(NEW_BROUGHT, _NO_COUNT)
    return [_brought(size, number)]


def at_fields(failure: Failure, wanted: Wanted, now: Stock) -> Failure:
    """Return a refusal of the API with its errors at the fields of the form; others stand above it."""
    pairs = [(_field_of(each.field, wanted, now), each.message) for each in failure.errors]
    errors = [FieldError(name, message) for name, message in pairs if name]
    others = [message for name, message in pairs if not name]
    return replace(failure, message=failure.message or next(iter(others), None), errors=errors)


def _field_of(name: str, wanted: Wanted, now: Stock) -> str | None:
    """Return the field for a name of the API, which counts the sizes; None if it is about none."""
    found = _PLACE.fullmatch(name)
    if found is None or int(found[1]) >= len(wanted.sizes):
        return None
    size = wanted.sizes[int(found[1])]["jersey_size"]
    known = next((each.field for each in now.sizes if each.jersey_size == size), None)
    return known or (NEW_SIZE if found[2] == "jersey_size" else NEW_BROUGHT)
