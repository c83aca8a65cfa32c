"""The fields of promo codes: what is typed, and the same as the API takes it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from uuid import UUID

from chassis.wording import Wording
from contracts import RegistrationType

from web.console.promo_codes.answers import PromoCode
from web.console.races.upstream import Race
from web.console.races.values import Reading, shown_amount, shown_moment

KINDS: Final = ("percent", "amount", "access")
TYPES: Final = tuple(each.value for each in RegistrationType)
SCOPE: Final = "scope"
"""Field with the race or category that a new code is for: `race:` or `category:`, and its id."""

_TIMES: Final = ("valid_from", "valid_until")
_NUMBERS: Final = ("max_uses", "max_per_person")
_CHECKS: Final = ("grants_access", "is_active")
_NO_SCOPE: Final = Wording(en="Choose what the code is for.", id="Pilih kode ini untuk apa.")
_NO_VALUE: Final = Wording(
    en="Write a number: a percentage like 20, or an amount like 50.000.",
    id="Tulis angka: persentase seperti 20, atau jumlah seperti 50.000.",
)
_NO_NUMBER: Final = Wording(
    en="Write how many codes, from 1 to 1,000.", id="Tulis banyaknya kode, dari 1 sampai 1.000."
)
_NO_PREFIX: Final = Wording(
    en="Write a prefix, by which these codes are found again.", id="Tulis awalan, agar kode-kode ini mudah dicari lagi."
)


@dataclass(frozen=True)
class Scope:
    """What a code is for: a race, or one of its categories."""

    race: Race
    category_id: UUID | None = None

    def body(self) -> Mapping[str, str]:
        """Return it as the API takes it."""
        if self.category_id is None:
            return {"event_id": str(self.race.id)}
        return {"event_id": str(self.race.id), "category_id": str(self.category_id)}


def scope_of(races: Sequence[Race], typed: Mapping[str, str]) -> Scope | None:
    """Return what was chosen; None if it is none of these races."""
    chosen = typed.get(SCOPE, "")
    for race in races:
        if chosen == f"race:{race.id}":
            return Scope(race)
        for category in race.categories:
            if chosen == f"category:{category.id}":
                return Scope(race, category.id)
    return None


def new_body(reading: Reading, scope: Scope | None, *, is_bulk: bool) -> dict[str, Any]:
    """Return the fields of a form for new codes as the API takes them; what cannot be read is noted."""
    if scope is None:
        reading.refuse(SCOPE, _NO_SCOPE)
    kind = reading.text("kind")
    body = {**terms(reading, scope.race.timezone if scope else "UTC"), "kind": kind}
    if kind == "access":
        body.pop("value", None)
    elif body.get("value") is None and "value" not in {each.field for each in reading.errors}:
        reading.refuse("value", _NO_VALUE)
    own = _many(reading) if is_bulk else {"code": reading.text("code")}
    found = {**body, **own, **(scope.body() if scope else {})}
    return {name: value for name, value in found.items() if value is not None or name == "max_uses"}


def _many(reading: Reading) -> Mapping[str, Any]:
    count, prefix = reading.whole("count"), reading.text("prefix")
    if count is None and "count" not in {each.field for each in reading.errors}:
        reading.refuse("count", _NO_NUMBER)
    if not prefix:
        reading.refuse("prefix", _NO_PREFIX)
    return {"count": count, "prefix": prefix}


def terms(reading: Reading, zone: str) -> dict[str, Any]:
    """Return the terms of codes as the API takes them; None for those that are empty."""
    types = [name for name in TYPES if reading.check(f"type-{name}")]
    return {
        "value": reading.amount("value"),
        "types": types if 0 < len(types) < len(TYPES) else None,
        "note": reading.text("note") or None,
        **{name: reading.moment(name, zone) for name in _TIMES},
        **{name: reading.whole(name) for name in _NUMBERS},
        **{name: reading.check(name) for name in _CHECKS},
    }


def code_values(code: PromoCode, zone: str) -> Mapping[str, str]:
    """Return the fields of a code as the form has them, with times in a zone; without those that it cannot get."""
    numbers = {name: getattr(code, name) for name in _NUMBERS}
    if not code.is_limited:
        del numbers["max_uses"]
    if code.category_id is None:
        del numbers["max_per_person"]
    chosen = code.types or TYPES
    return {
        **({"value": shown_amount(code.value)} if code.kind != "access" else {}),
        "note": code.note or "",
        **{name: shown_moment(getattr(code, name), zone) for name in _TIMES},
        **{name: "" if number is None else str(number) for name, number in numbers.items()},
        **{name: "yes" if getattr(code, name) else "" for name in _CHECKS},
        **{f"type-{name}": "yes" if name in chosen else "" for name in TYPES},
    }


def changes(changed: Sequence[str], body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the changes of a code as the API takes them; the boxes of the types are one field."""
    names = {"types" if name.startswith("type-") else name for name in changed}
    return {name: body[name] for name in names}
