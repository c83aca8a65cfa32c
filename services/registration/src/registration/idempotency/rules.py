"""The response to a repeated request."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from registration.idempotency.errors import IdempotencyKeyReused

BodyT = TypeVar("BodyT", bound=Mapping[str, object])


@dataclass(frozen=True, slots=True)
class Answer(Generic[BodyT]):
    """A response body without runner token and link. `replayed` is whether it was stored by an earlier request."""

    body: BodyT
    replayed: bool = False


def replay(request_hash: str, first_hash: str, response: str) -> Answer[Any] | IdempotencyKeyReused:
    """Return the stored response, or an error if the first request with the key was a different one."""
    return Answer(json.loads(response), replayed=True) if request_hash == first_hash else IdempotencyKeyReused()
