"""The cookie that opens a registration: its access code and a runner token, for the pages of this registration only."""

import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Annotated, Final
from urllib.parse import quote
from uuid import UUID

from chassis.errors import StartlineError
from chassis.web.dependencies import from_state
from chassis.wording import Language
from fastapi import Depends, Path, Request, Response
from pydantic import Field

from web.forms import id_in
from web.languages import ENGLISH_PREFIX, address
from web.upstream.client import Answer, ApiClient
from web.upstream.registrations import Registration as Registered
from web.visitors import CurrentVisitor, Visitor

COOKIE: Final = "runner"
PATH: Final = "/r"
"""Path of the pages of registrations; the registration's number follows."""

_SEPARATOR = "~"
_TOKEN: Final = re.compile(r"[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){2}")
_RENEW_BEFORE = timedelta(minutes=5)
_LATEST: Final = 100_000_000_000  # in the year 5138
_KEPT_FOR = timedelta(days=400)  # the maximum that browsers keep a cookie


class NoAccess(StartlineError):
    """This browser has not opened the link of this registration."""

    indonesian = "Peramban ini belum membuka tautan pendaftaran ini."
    code = "no_access"
    status = 401


class ForeignAccess(StartlineError):
    """This browser's access is for another registration."""

    indonesian = "Akses peramban ini untuk pendaftaran lain."
    code = "foreign_access"
    status = 403


@dataclass(frozen=True)
class RunnerAccess:
    """A visitor's access to a registration.

    Attributes:
        number: registration number, or the id of a place in line, as in the address of the page.
        code: access code of the link.
        token: runner token for the APIs.
    """

    number: str
    code: str
    token: str

    @property
    def registration_id(self) -> UUID:
        """Return the id that the token is for. The APIs check the token; this only reads it."""
        return _claims(self.token).sub

    @property
    def valid_until(self) -> datetime:
        """Return until when the token is accepted."""
        return datetime.fromtimestamp(_claims(self.token).exp, UTC)

    def own_link(self, language: Language) -> str:
        """Return the path of the secret link in a language."""
        return address(f"{PATH}/{quote(self.number, safe='')}/{quote(self.code, safe='')}", language)

    def is_fresh(self, now: datetime) -> bool:
        """Return whether the token is accepted for some minutes more."""
        return now < self.valid_until - _RENEW_BEFORE


class _Access(Answer):
    registration_id: UUID
    runner_token: str


async def open_link(registration: ApiClient, visitor: Visitor, number: str, code: str) -> RunnerAccess:
    """Exchange a link for access.

    Raises:
        Refused: 404 `unknown_link`, also if staff replaced the link; 429.
        Unavailable.
    """
    link = {"registration_number": number, "access_code": code}
    response = await registration.call("POST", "/access", visitor, json=link)
    return RunnerAccess(number, code, registration.read(_Access, response).runner_token)


def keep(response: Response, access: RunnerAccess, *, is_secure: bool) -> None:
    """Have the browser keep the access: out of reach of scripts, and sent with requests for this registration only."""
    for path in _paths(access.number):
        response.set_cookie(
            COOKIE,
            f"{access.code}{_SEPARATOR}{access.token}",
            max_age=int(_KEPT_FOR.total_seconds()),
            path=path,
            secure=is_secure,
            httponly=True,
            samesite="lax",
        )


def kept(request: Request, number: str) -> RunnerAccess | None:
    """Return the access that the browser keeps; None if it has none, or one that cannot be read."""
    code, _, token = request.cookies.get(COOKIE, "").partition(_SEPARATOR)
    if not _TOKEN.fullmatch(token):
        return None
    try:
        _claims(token)
    except ValueError:
        return None
    return RunnerAccess(number, code, token)


def require_match(access: RunnerAccess, registration_id: UUID, registration_number: str | None = None) -> None:
    """Refuse a cookie that was moved to the address of another registration or place in line.

    Raises:
        ForeignAccess.
    """
    has_number = registration_number is not None and access.number.upper() == registration_number.upper()
    if not has_number and id_in(access.number) != registration_id:
        raise ForeignAccess


async def read_registration(access: RunnerAccess, registration: ApiClient, visitor: Visitor) -> Registered:
    """Return the registration that the visitor has access to.

    Raises:
        ForeignAccess.
        Refused: 404 if there is none.
        Unavailable.
    """
    path = f"/registrations/{access.registration_id}"
    found = await registration.get(Registered, path, visitor, token=access.token)
    require_match(access, found.registration_id, found.registration_number)
    return found


def _paths(number: str) -> tuple[str, str]:
    path = f"{PATH}/{quote(number, safe='')}"
    return path, ENGLISH_PREFIX + path


class _Claims(Answer):
    """What is read of a token. Times are in seconds since 1970."""

    sub: UUID
    exp: Annotated[float, Field(ge=0, lt=_LATEST)]


def _claims(token: str) -> _Claims:
    """Return the claims of a token, without a check of its signature.

    Raises:
        ValueError: they cannot be read.
    """
    payload = token.split(".")[1]
    return _Claims.model_validate_json(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


Number = Annotated[str, Path(min_length=1, max_length=50)]
Registration = Annotated[ApiClient, from_state("registration_api")]


async def current_access(
    request: Request, number: Number, registration: Registration, visitor: CurrentVisitor
) -> RunnerAccess:
    """Return the visitor's access to the registration of the path, with a token that is valid for some minutes.

    Raises:
        NoAccess: the browser has not opened the link.
        Refused: the link was replaced.
        Unavailable.
    """
    access = kept(request, number)
    if access is None:
        raise NoAccess
    if not access.is_fresh(request.app.state.clock()):
        access = await open_link(registration, visitor, number, access.code)
        request.state.renewed_access = access
    return access


OwnAccess = Annotated[RunnerAccess, Depends(current_access)]


def keep_renewed(request: Request, response: Response) -> None:
    """Have the browser keep an access that was renewed during the request."""
    access: RunnerAccess | None = getattr(request.state, "renewed_access", None)
    if access is not None:
        keep(response, access, is_secure=request.app.state.is_secure)
