"""The public keys, for everybody who verifies staff tokens."""

from typing import Any

from chassis.auth.access import public
from chassis.auth.signing import SigningKeys
from chassis.web.routing import Router
from fastapi import Request, Response
from pydantic import BaseModel

router = Router(tags=["keys"])


class KeySet(BaseModel):
    """A JWK set (RFC 7517)."""

    keys: list[dict[str, Any]]


@router.get("/jwks.json", dependencies=[public])
async def show_keys(request: Request, response: Response) -> KeySet:
    """Public keys of every token that is still good. May be a minute old."""
    keys: SigningKeys = request.app.state.keys
    response.headers["Cache-Control"] = "public, max-age=60"
    return KeySet.model_validate(await keys.public())
