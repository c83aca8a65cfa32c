"""Calls to the APIs for a visitor."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
from chassis.errors import StartlineError, Unavailable
from chassis.telemetry import logger
from chassis.wording import Wording
from pydantic import BaseModel, ConfigDict, ValidationError

from web.visitors import Visitor

log = logger(__name__)

_READS_PER_ANSWER = 2


class Answer(BaseModel):
    """Base of the answers of APIs. Fields that a newer release adds are ignored."""

    model_config = ConfigDict(frozen=True, extra="ignore")


AnswerT = TypeVar("AnswerT", bound=Answer)


class _FieldProblem(Answer):
    field: str
    message: str


class Problem(BaseModel):
    """The document with which an API refuses a call."""

    model_config = ConfigDict(frozen=True, extra="allow")

    code: str
    detail: str
    errors: tuple[_FieldProblem, ...] = ()


class Refused(StartlineError):
    """An API refused the call. Unless a route handles it, the visitor gets the error page of its status.

    Attributes:
        code: of the API's problem document.
        field_errors: message by field, in the language of the visitor.
        members: further members of the problem document, such as `places_left`.
        retry_after: seconds to wait, as the API says; None if it does not say.
    """

    indonesian = "Permintaan ini ditolak."
    code = "refused"

    def __init__(self, status: int, problem: Problem, headers: Mapping[str, str]) -> None:
        retry_after = headers.get("retry-after")
        super().__init__(
            Wording(en=problem.detail, id=problem.detail),
            headers={"Retry-After": retry_after} if retry_after else None,
        )
        self.status = status
        self.code = problem.code  # type: ignore[misc]  # of this error; the class has a default
        self.field_errors = {each.field: each.message for each in problem.errors}
        self.members: Mapping[str, Any] = problem.model_extra or {}
        self.retry_after = int(retry_after) if retry_after and retry_after.isdigit() else None


@dataclass(frozen=True)
class ApiClient:
    """Calls one API.

    Args:
        http: client with the base URL of the API's service; its owner closes it.
        prefix: of the API's paths, such as `/api/registration/v1`.
        until: when calls are given up, in the event loop's time, if the limits of `http` do not end them before; None
            for those limits only. Not for streams.
    """

    http: httpx.AsyncClient
    prefix: str
    until: float | None = None

    async def call(
        self, method: str, path: str, visitor: Visitor, *, token: str | None = None, **options: Any
    ) -> httpx.Response:
        """Call the API and return its answer with a 2xx status.

        Args:
            token: of the visitor, if they have one.
            options: of `httpx.AsyncClient.request`; `headers` are sent in addition.

        Raises:
            Refused: 4xx, or 503 with a problem document.
            Unavailable: the API is out of reach, fails or leads elsewhere. What the call should do may be done or not.
        """
        headers = {**visitor.headers(), **_authorization(token), **options.pop("headers", {})}
        try:
            read = options.get("timeout") or self.http.timeout.read
            async with asyncio.timeout_at(self.until), whole_answer(read):
                response = await self.http.request(method, self.prefix + path, headers=headers, **options)
        except (httpx.HTTPError, TimeoutError) as error:
            raise self._unavailable(path, type(error).__name__) from None
        if not response.is_success:
            raise self._refusal(path, response)
        return response

    async def get(
        self, kind: type[AnswerT], path: str, visitor: Visitor, *, token: str | None = None, **options: Any
    ) -> AnswerT:
        """Return what the API answers to GET.

        Raises:
            Refused, Unavailable: see `call`.
        """
        response = await self.call("GET", path, visitor, token=token, **options)
        return self.read(kind, response)

    def read(self, kind: type[AnswerT], response: httpx.Response) -> AnswerT:
        """Return the content of an answer.

        Raises:
            Unavailable: it is not what the API promises.
        """
        try:
            return kind.model_validate_json(response.content)
        except ValidationError as error:
            raise self._unavailable(response.url.path, type(error).__name__) from None

    @asynccontextmanager
    async def stream(
        self,
        path: str,
        visitor: Visitor,
        *,
        token: str | None = None,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        silence: float | None = None,
    ) -> AsyncIterator[httpx.Response]:
        """Open a GET whose answer, with a 2xx status, is read piece by piece and without a limit of time.

        Args:
            silence: maximum of seconds between two pieces; None for no limit.

        Raises:
            Refused, Unavailable: see `call`.
        """
        stream = self.http.stream(
            "GET",
            self.prefix + path,
            params=params,
            headers={**visitor.headers(), **_authorization(token), **(headers or {})},
            timeout=httpx.Timeout(self.http.timeout.connect, read=silence),
        )
        async with AsyncExitStack() as stack:
            try:
                response = await stack.enter_async_context(stream)
                if not response.is_success:
                    await response.aread()
            except httpx.HTTPError as error:
                raise self._unavailable(path, type(error).__name__) from None
            if not response.is_success:
                raise self._refusal(path, response)
            yield response

    def _refusal(self, path: str, response: httpx.Response) -> StartlineError:
        try:
            problem = Problem.model_validate_json(response.content)
        except ValidationError:
            return self._unavailable(path, str(response.status_code))
        if response.status_code >= 500 and response.status_code != Unavailable.status:  # noqa: PLR2004
            return self._unavailable(path, problem.code)
        return Refused(response.status_code, problem, response.headers)

    def _unavailable(self, path: str, reason: str) -> Unavailable:
        log.warning("api_unavailable", prefix=self.prefix, route=path.split("/")[1], reason=reason)
        return Unavailable()


def whole_answer(seconds: float | None) -> asyncio.Timeout:
    """Return a limit of time for a whole answer, as httpx limits each read only; its block raises TimeoutError.

    Args:
        seconds: maximum for one read; None for no limit.
    """
    return asyncio.timeout(None if seconds is None else _READS_PER_ANSWER * seconds)


def _authorization(token: str | None) -> Mapping[str, str]:
    return {"Authorization": f"Bearer {token}"} if token is not None else {}
