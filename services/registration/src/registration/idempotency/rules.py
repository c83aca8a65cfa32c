"""What a repeated request is answered."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from registration.idempotency.errors import IdempotencyKeyReused

BodyT = TypeVar("BodyT", bound=Mapping[str, object])


@dataclass(frozen=True, slots=True)
class Answer(Generic[BodyT]):
    """The answer to a request: its body without runner token and link, new or as it was given the first time."""

    body: BodyT
    replayed: bool = False


def replay(request_hash: str, first_hash: str, response: str) -> Answer[Any] | IdempotencyKeyReused:
    """Return the stored answer, or an error if the first request with the key was a different one."""
    return Answer(json.loads(response), replayed=True) if request_hash == first_hash else IdempotencyKeyReused()
