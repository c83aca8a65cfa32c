"""Merging a form with what is stored now: only typed fields change, so that changes by other staff stay."""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from chassis.wording import Language, Wording

from web.console.apis import Failure
from web.forms import FieldError

BASE: Final = "base"
"""Hidden field with the fingerprints of the values that the form began with."""

CHANGED: Final = Wording(
    en="Somebody else has changed this in the meantime. It is now: {now}. Save once more to have yours.",
    id="Orang lain baru saja mengubah isian ini. Isinya sekarang: {now}. Simpan sekali lagi untuk memakai isian Anda.",
)
EMPTY: Final = Wording(en="empty", id="kosong")
_CONFLICT: Final = 409
_LONGEST_SHOWN: Final = 80
_DIGITS: Final = 8


@dataclass(frozen=True)
class Merged:
    """What a form changes.

    Attributes:
        changed: names of the fields to change.
        errors: at those that other staff changed, too.
        values: for the form if it is shown again: what was typed, and else what holds now, with new fingerprints.
    """

    changed: Sequence[str]
    errors: Sequence[FieldError]
    values: Mapping[str, str]


def fingerprints(values: Mapping[str, str]) -> str:
    """Return short fingerprints of values, for `BASE`."""
    return " ".join(f"{name}:{_of(value)}" for name, value in values.items())


def merge(typed: Mapping[str, str], now: Mapping[str, str], language: Language) -> Merged:
    """Return what the form changes of `now`.

    A field counts as typed if it differs from what the form began with. Without fingerprints, all that differs from
    `now` is changed.
    """
    base = dict(part.split(":", 1) for part in typed.get(BASE, "").split() if ":" in part)
    changed, errors, values = [], [], dict(typed)
    for name, value in now.items():
        own, theirs = _of(typed.get(name, "")), _of(value)
        if own in (theirs, base.get(name)):
            values[name] = value
            continue
        changed.append(name)
        if base.get(name, theirs) != theirs:
            errors.append(FieldError(name, _said(value, language)))
    return Merged(changed, errors, {**values, BASE: fingerprints(now)})


def conflict(merged: Merged) -> Failure | None:
    """Return the failure of a form whose typed fields other staff changed, too; None if there are none."""
    return Failure(_CONFLICT, "changed_meanwhile", None, merged.errors) if merged.errors else None


def _of(value: str) -> str:
    """Return the fingerprint of a value; browsers send line ends and outer spaces in their own way."""
    plain = value.replace("\r\n", "\n").strip()
    return hashlib.sha256(plain.encode()).hexdigest()[:_DIGITS]


def _said(value: str, language: Language) -> str:
    short = value if len(value) <= _LONGEST_SHOWN else f"{value[:_LONGEST_SHOWN]}…"
    return CHANGED.said(language, now=short or EMPTY.said(language))
