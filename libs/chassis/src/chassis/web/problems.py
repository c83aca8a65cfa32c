"""Rendering of errors: RFC 9457 `application/problem+json`, or the pages of an application that serves pages."""

from collections.abc import Callable, Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException

from chassis.database import is_unavailable
from chassis.errors import (
    BadRequest,
    InternalError,
    InvalidFields,
    MalformedForm,
    MalformedJson,
    MethodNotAllowed,
    NotFound,
    NotJson,
    PayloadTooLarge,
    StartlineError,
    Unavailable,
)
from chassis.telemetry import correlation_id, logger
from chassis.web.refusals import message_for
from chassis.wording import Wording, language_of_request

log = logger(__name__)

_BY_STATUS: Mapping[int, type[StartlineError]] = {
    each.status: each for each in (BadRequest, NotFound, MethodNotAllowed, PayloadTooLarge, NotJson)
}
"""Errors that Starlette and FastAPI raise by themselves."""


class OtherRefusal(StartlineError):
    """This request is refused."""

    indonesian = "Permintaan ini ditolak."
    code = "http_error"

    def __init__(self, error: HTTPException) -> None:
        super().__init__(headers=error.headers)
        self.status = error.status_code


NOT_STORABLE = Wording(en="A value cannot be stored as it is.", id="Ada nilai yang tidak dapat disimpan apa adanya.")


class FieldProblem(BaseModel):
    """One wrong field."""

    field: str
    message: str


class Problem(BaseModel):
    """The body of every error response."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldProblem]
    correlation_id: str


Write = Callable[[Mapping[str, Any], Mapping[str, str]], Response]
"""Returns the response for a problem, with the members of `Problem`, and its headers."""


def _write_json(problem: Mapping[str, Any], headers: Mapping[str, str]) -> Response:
    return Response(to_json(problem), problem["status"], headers=headers, media_type="application/problem+json")


class ErrorResponses:
    """Renders errors as problems in the language of the request.

    Args:
        write: renders the problem.
    """

    def __init__(self, write: Write) -> None:
        self._write = write

    def install(self, app: FastAPI) -> None:
        """Make `app` render every error with this."""
        for kind in (StartlineError, RequestValidationError, HTTPException, Exception):
            app.add_exception_handler(kind, self._answer)

    async def _answer(self, _: Request, error: Exception) -> Response:
        return self.render_known(error) or self.render_unforeseen(error)

    def render(self, error: StartlineError) -> Response:
        """Return the response to a platform error."""
        language = language_of_request.get()
        found = error.fields if isinstance(error, InvalidFields) else ()
        fields = [{"field": field, "message": wording.said(language)} for field, wording in found]
        return self._problem(error, error.wording.said(language), fields)

    def render_known(self, error: Exception) -> Response | None:
        """Return the response to an error that routes raise deliberately; None for any other."""
        match error:
            case StartlineError():
                return self.render(error)
            case RequestValidationError():
                return self._render_invalid(error)
            case HTTPException(__cause__=StartlineError() as cause):
                return self.render(cause)  # FastAPI raises a 400 for any error while reading a form
            case HTTPException(__context__=MultiPartException()):
                return self.render(MalformedForm())
            case HTTPException():
                return self._render_http(error)
        return None

    def render_unforeseen(self, error: Exception) -> Response:
        """Return 503 if a dependency is unavailable, 422 if the database cannot store a value, otherwise 500."""
        if is_unavailable(error):
            state = getattr(getattr(error, "orig", error), "sqlstate", None)
            log.warning("dependency_unavailable", error=type(error).__name__, sqlstate=state)
            return self.render(Unavailable())
        if isinstance(error, DBAPIError) and str(getattr(error.orig, "sqlstate", "") or "").startswith("22"):
            return self.render(InvalidFields(detail=NOT_STORABLE))
        log.error("unforeseen_error", error=type(error).__name__, exc_info=error)
        return self.render(InternalError())

    def _render_invalid(self, error: RequestValidationError) -> Response:
        found = error.errors()
        if any(each["type"] == "json_invalid" for each in found):
            return self.render(MalformedJson())
        language = language_of_request.get()
        fields = [{"field": _field(each["loc"]), "message": message_for(each, language)} for each in found]
        return self._problem(InvalidFields(), InvalidFields.default_wording().said(language), fields)

    def _render_http(self, error: HTTPException) -> Response:
        kind = _BY_STATUS.get(error.status_code)
        return self.render(kind(headers=error.headers) if kind else OtherRefusal(error))

    def _problem(self, error: StartlineError, detail: str, fields: list[dict[str, str]]) -> Response:
        language = language_of_request.get()
        problem = {
            "type": f"urn:startline:problem:{error.code}",
            "title": error.title(language),
            "status": error.status,
            "code": error.code,
            "detail": detail,
            "errors": fields,
            **error.extra,
            "correlation_id": correlation_id(),
        }
        headers = {**error.headers, "Content-Language": language.value, "Vary": "Accept-Language"}
        return self._write(problem, headers)


PROBLEM_DOCUMENTS = ErrorResponses(_write_json)
render = PROBLEM_DOCUMENTS.render


def _field(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location[1:]) or str(location[0])


def errors(*kinds: type[StartlineError]) -> dict[int | str, dict[str, Any]]:
    """Return a route's `responses` for these errors."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        entry = found.setdefault(kind.status, {"description": ""})
        entry["description"] = " · ".join(filter(None, (entry["description"], f"`{kind.code}`")))
    return found


def invalid(error: ValidationError, *place: str) -> RequestValidationError:
    """Return the errors of a model as FastAPI reports them for the part of the request named by `place`."""
    return RequestValidationError([{**each, "loc": (*place, *each["loc"])} for each in error.errors()])
