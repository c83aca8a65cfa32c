"""The keys that runner tokens are signed with, and where others find the public ones."""

from typing import Annotated

from chassis.auth.access import public
from chassis.auth.signing import SigningKeys
from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse

router = APIRouter(tags=["tokens"], dependencies=[public])


def keys_of(request: Request) -> SigningKeys:
    """The process's signing keys."""
    keys: SigningKeys = request.app.state.signing_keys
    return keys


@router.get("/jwks.json")
async def jwks(keys: Annotated[SigningKeys, Depends(keys_of)]) -> Response:
    """Public keys of runner tokens."""
    return JSONResponse(await keys.public(), headers={"Cache-Control": "public, max-age=60"})
