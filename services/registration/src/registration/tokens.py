"""The keys that runner tokens are signed with, and where others find the public ones."""

from typing import Annotated

from chassis.auth.access import public
from chassis.auth.signing import SigningKeys
from chassis.web.dependencies import from_state
from fastapi import APIRouter, Response
from fastapi.responses import JSONResponse

router = APIRouter(tags=["tokens"], dependencies=[public])


@router.get("/jwks.json")
async def jwks(keys: Annotated[SigningKeys, from_state("signing_keys")]) -> Response:
    """Public keys of runner tokens."""
    return JSONResponse(await keys.public(), headers={"Cache-Control": "public, max-age=60"})
