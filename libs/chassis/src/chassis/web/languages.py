"""The language of a response, from `Accept-Language` (RFC 9110, 12.5.4)."""

import re
from functools import lru_cache

from starlette.types import Scope

from chassis.wording import Language

_RANGE = re.compile(r"\s*(?P<tag>\*|[a-z]{1,8})(?:-[a-z0-9]{1,8})*\s*(?:;\s*q\s*=\s*(?P<q>[01](?:\.[0-9]{0,3})?)\s*)?")
_SPOKEN = {"en": Language.ENGLISH, "id": Language.INDONESIAN, "in": Language.INDONESIAN}  # `in` until ISO 639 of 1989
_LONGEST = 200


def language_of(scope: Scope) -> Language:
    """Return the supported language that a request prefers; English if it names none of them."""
    for name, value in scope["headers"]:
        if name == b"accept-language":
            return preferred(value[:_LONGEST].decode("latin-1"))
    return Language.ENGLISH


@lru_cache(maxsize=512)
def preferred(accepted: str) -> Language:
    """Return the preferred language in the value of an `Accept-Language` header; the first of several equal ones."""
    qualities: dict[str, float] = {}
    for part in accepted.lower().split(","):
        found = _RANGE.fullmatch(part)
        if found:
            quality = float(found["q"] or 1)
            qualities[found["tag"]] = max(quality, qualities.get(found["tag"], 0))
    best = max(qualities, key=lambda tag: qualities[tag] if tag in _SPOKEN or tag == "*" else -1, default="*")
    if not qualities.get(best) or best not in _SPOKEN:
        return Language.ENGLISH
    return _SPOKEN[best]
