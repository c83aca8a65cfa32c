"""The challenge in front of a route."""

from typing import Any

from fastapi import Depends, Request

from registration.challenge.checkpoint import TOKEN_HEADER, Checkpoint
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


async def _past_the_checkpoint(request: Request) -> None:
    checkpoint: Checkpoint | None = request.app.state.checkpoint
    if checkpoint is not None:
        await checkpoint.admit(request)


challenged = Depends(_past_the_checkpoint)
"""For a route's `dependencies`."""
