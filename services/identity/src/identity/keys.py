"""The keys that staff tokens are signed with, and the route that publishes their public halves."""

from typing import Any

from chassis.auth.access import public
from chassis.auth.signing import SigningKeys
from chassis.database import Database
from chassis.web.routing import Router
from fastapi import Request, Response
from pydantic import BaseModel

from identity.base import signing_keys
from identity.settings import Settings

router = Router(tags=["keys"])


def signing_keys_of(settings: Settings, database: Database) -> SigningKeys:
    """Return the keys that staff tokens are signed with."""
    return SigningKeys(database, signing_keys, settings.secret_box(), token_lifetime=settings.access_token_lifetime)


class KeySet(BaseModel):
    """A JWK set (RFC 7517)."""

    keys: list[dict[str, Any]]


@router.get("/jwks.json", dependencies=[public])
async def show_keys(request: Request, response: Response) -> KeySet:
    """Return the public keys of all valid tokens. Cached: up to a minute old."""
    keys: SigningKeys = request.app.state.keys
    response.headers["Cache-Control"] = "public, max-age=60"
    return KeySet.model_validate(await keys.public())
