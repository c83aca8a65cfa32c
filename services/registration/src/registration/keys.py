"""The signing keys of runner tokens, and the route that publishes the public keys."""

from typing import Annotated

from chassis.auth.access import public
from chassis.auth.signing import SigningKeys
from chassis.database import Database
from chassis.web.dependencies import from_state
from chassis.web.routing import Router
from fastapi import Response
from fastapi.responses import JSONResponse

from registration.base import signing_keys
from registration.settings import Settings

router = Router(tags=["tokens"], dependencies=[public])


def signing_keys_of(settings: Settings, database: Database) -> SigningKeys:
    """Return the signing keys of runner tokens."""
    lifetime = settings.runner_token_lifetime
    return SigningKeys(database, signing_keys, settings.secret_box(), token_lifetime=lifetime)


@router.get("/jwks.json")
async def jwks(keys: Annotated[SigningKeys, from_state("signing_keys")]) -> Response:
    """Return the public keys of runner tokens."""
    return JSONResponse(await keys.public(), headers={"Cache-Control": "public, max-age=60"})
