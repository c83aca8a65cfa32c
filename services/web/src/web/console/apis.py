"""The APIs as a member of staff may use them: with their token, for their address and in their language."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Final, TypeVar

import httpx
from chassis.errors import Unavailable
from chassis.wording import Wording
from fastapi import Depends, Request

from web.console.access import session_of
from web.forms import FieldError
from web.upstream.client import AnswerT, ApiClient, Refused
from web.visitors import Visitor, visitor_of

ResultT = TypeVar("ResultT")

BRIEF_SECONDS: Final = 3.0
"""How long a page waits for a part that it can do without."""

_NO_ANSWER: Final = Wording(
    en="There was no answer, so it may be done or not. Look at the page again before you repeat it.",
    id="Tidak ada jawaban, jadi mungkin sudah dilakukan, mungkin belum. Periksa dahulu halamannya sebelum mengulangi.",
)

_OF_THE_CALLER: Final = frozenset({401, 403})
"""Statuses of refusals of the caller, whatever was asked; they have pages of their own."""


@dataclass(frozen=True)
class Failure:
    """A change that was not made.

    Attributes:
        status: of the page that says so.
        code: of the API's problem document.
        message: for the whole form; None if each error belongs to a field.
        members: further members of the problem document, such as `refundable`.
    """

    status: int
    code: str
    message: str | None = None
    errors: Sequence[FieldError] = ()
    members: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class StaffApi:
    """One API for one member of staff."""

    client: ApiClient
    token: str
    visitor: Visitor

    @property
    def briefly(self) -> "StaffApi":
        """Return the same API for reading a part that a page can do without, which is given up after 3 seconds."""
        return self.until(given_up_at())

    def until(self, moment: float) -> "StaffApi":
        """Return the same API, whose calls are given up at a moment of the event loop's time."""
        return replace(self, client=replace(self.client, until=moment))

    async def get(self, kind: type[AnswerT], path: str, /, **query: Any) -> AnswerT:
        """Return what the API answers to GET; parts of the query that are None are left out.

        Raises:
            Refused, Unavailable: see `call`.
        """
        asked = {name: value for name, value in query.items() if value is not None}
        return self.client.read(kind, await self.call("GET", path, params=asked))

    async def call(self, method: str, path: str, **options: Any) -> httpx.Response:
        """Call the API.

        Raises:
            Refused: 4xx.
            Unavailable: see `ApiClient.call`, and 503: something that the API needs is away, and it says so itself.
        """
        try:
            return await self.client.call(method, path, self.visitor, token=self.token, **options)
        except Refused as refused:
            if refused.status == Unavailable.status:
                raise _away(refused) from None
            raise

    async def change(
        self, method: str, path: str, body: Mapping[str, Any] | None = None, **options: Any
    ) -> Failure | None:
        """Make a change; return why it was not made, for the form that asked for it, or None.

        Args:
            options: of `httpx.AsyncClient.request`, such as files.

        Raises:
            Refused: 401 or 403, which have pages of their own.
        """
        asked = options if body is None else {**options, "json": body}
        answer = await self._answer_to(method, path, **asked)
        return answer if isinstance(answer, Failure) else None

    async def create(
        self, kind: type[AnswerT], path: str, /, *, method: str = "POST", **options: Any
    ) -> AnswerT | Failure:
        """Return what the API answers to a change, or why it was refused, for the form that asked for it.

        Args:
            options: of `httpx.AsyncClient.request`, such as files.

        Raises:
            Refused: 401 or 403, which have pages of their own.
        """
        answer = await self._answer_to(method, path, **options)
        return answer if isinstance(answer, Failure) else self.client.read(kind, answer)

    async def _answer_to(self, method: str, path: str, **options: Any) -> httpx.Response | Failure:
        try:
            return await self.client.call(method, path, self.visitor, token=self.token, **options)
        except Unavailable as error:
            return Failure(error.status, error.code, _NO_ANSWER.said(self.visitor.language))
        except Refused as refused:
            if refused.status in _OF_THE_CALLER:
                raise
            return _failure(refused)


def given_up_at() -> float:
    """Return when a part that is asked for now is given up, in the event loop's time."""
    return asyncio.get_running_loop().time() + BRIEF_SECONDS


def _away(refused: Refused) -> Unavailable:
    away = Unavailable(refused.wording, retry_after=refused.retry_after or 2)
    away.code = refused.code  # type: ignore[misc]  # of the API's problem document
    return away


def _failure(refused: Refused) -> Failure:
    errors = [FieldError(name.removeprefix("body."), text) for name, text in refused.field_errors.items()]
    message = None if errors else refused.wording.en  # in the language of the visitor already
    return Failure(refused.status, refused.code, message, errors, refused.members)


async def unless_away(asked: Awaitable[ResultT]) -> ResultT | None:
    """Return a result, or None if its API is away: the rest of the page does without it."""
    try:
        return await asked
    except Unavailable:
        return None


def _api(name: str) -> Callable[[Request], Awaitable[StaffApi]]:
    async def bound(request: Request) -> StaffApi:
        session = await session_of(request)
        client: ApiClient = getattr(request.app.state, f"{name}_api")
        return StaffApi(client, session.token, await visitor_of(request))

    return bound


Registration = Annotated[StaffApi, Depends(_api("registration"))]
Payment = Annotated[StaffApi, Depends(_api("payment"))]
Notification = Annotated[StaffApi, Depends(_api("notification"))]
Checkin = Annotated[StaffApi, Depends(_api("checkin"))]
Identity = Annotated[StaffApi, Depends(_api("identity"))]
