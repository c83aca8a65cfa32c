"""The client of identity's API: logins, and the account of who is logged in."""

from base64 import urlsafe_b64decode
from datetime import UTC, datetime
from uuid import UUID

from chassis.auth.principals import Role

from web.upstream.client import Answer, ApiClient
from web.visitors import Visitor


class Account(Answer):
    """A member of staff."""

    id: UUID
    name: str
    email: str
    role: Role


class Granted(Answer):
    """The tokens of a session, after a login or a renewal, and the account they are for."""

    access_token: str
    refresh_token: str
    staff: Account

    @property
    def session_id(self) -> UUID:
        """Return identity's id of the session."""
        return _claims(self.access_token).sid

    @property
    def access_until(self) -> datetime:
        """Return until when the access token is valid."""
        return datetime.fromtimestamp(_claims(self.access_token).exp, UTC)


class _Claims(Answer):
    sid: UUID
    exp: int


def _claims(token: str) -> _Claims:
    """Return the claims of one of identity's tokens. The APIs check its signature; this only reads it."""
    payload = token.split(".")[1]
    return _Claims.model_validate_json(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


class IdentityApi:
    """Identity, as the console needs it.

    Args:
        api: calls `/api/identity/v1`.
    """

    def __init__(self, api: ApiClient) -> None:
        self.api = api

    async def log_in(self, email: str, password: str, visitor: Visitor) -> Granted:
        """Return the tokens of a new session.

        Raises:
            Refused: 401 for wrong credentials; 422; 429 after too many attempts.
            Unavailable.
        """
        answer = await self.api.call("POST", "/login", visitor, json={"email": email, "password": password})
        return self.api.read(Granted, answer)

    async def refresh(self, refresh_token: str, visitor: Visitor) -> Granted:
        """Return new tokens for the session of a refresh token, which is used up.

        Raises:
            Refused: 401 if the session has ended.
            Unavailable.
        """
        answer = await self.api.call("POST", "/refresh", visitor, json={"refresh_token": refresh_token})
        return self.api.read(Granted, answer)

    async def log_out(self, token: str, visitor: Visitor) -> None:
        """End the session of an access token.

        Raises:
            Refused: 401 if it has ended already.
            Unavailable.
        """
        await self.api.call("POST", "/logout", visitor, token=token)
