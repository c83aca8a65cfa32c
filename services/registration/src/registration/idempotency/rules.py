"""What a repeated request is answered."""

import json
from dataclasses import dataclass
from typing import Any

from registration.idempotency.errors import IdempotencyKeyReused


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to a request: its body without runner token and link, new or as it was given the first time."""

    body: dict[str, Any]
    replayed: bool = False


def replay(request_hash: str, first_hash: str, response: str) -> Answer | IdempotencyKeyReused:
    """Return the stored answer, or an error if the first request with the key was a different one."""
    return Answer(json.loads(response), replayed=True) if request_hash == first_hash else IdempotencyKeyReused()
