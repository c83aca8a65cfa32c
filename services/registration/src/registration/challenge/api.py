"""OpenAPI description of a route with a challenge."""

from typing import Any

from registration.challenge.checkpoint import TOKEN_HEADER
from registration.challenge.errors import ChallengeFailed, ChallengeRequired, ChallengeUnavailable
from registration.challenge.turnstile import LONGEST_TOKEN

CHALLENGE_ERRORS = (ChallengeRequired, ChallengeFailed, ChallengeUnavailable)

CHALLENGE_PARAMETER: dict[str, Any] = {
    "name": TOKEN_HEADER,
    "in": "header",
    "required": False,
    "description": "token of a solved challenge; required if a challenge is configured",
    "schema": {"type": "string", "maxLength": LONGEST_TOKEN},
}
"""OpenAPI parameter of the header, which FastAPI does not know, as it is read only if a challenge is configured."""
