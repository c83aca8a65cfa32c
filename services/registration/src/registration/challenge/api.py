"""The challenge in front of a route."""

from typing import Any

from registration.challenge.checkpoint import TOKEN_HEADER
from registration.challenge.errors import ChallengeFailed, ChallengeRequired, ChallengeUnavailable
from registration.challenge.turnstile import LONGEST_TOKEN

CHALLENGE_ERRORS = (ChallengeRequired, ChallengeFailed, ChallengeUnavailable)

CHALLENGE_PARAMETER: dict[str, Any] = {
    "name": TOKEN_HEADER,
    "in": "header",
    "required": False,
    "description": "what a solved challenge gave; needed where a challenge is set up",
    "schema": {"type": "string", "maxLength": LONGEST_TOKEN},
}
"""For the OpenAPI document: the header is read only where a challenge is set up, so FastAPI does not know of it."""
