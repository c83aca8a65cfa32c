"""The one renderer of errors: RFC 9457 `application/problem+json`."""

from collections.abc import Mapping
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
"""What Starlette and FastAPI raise by themselves."""


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
    """What every error answer looks like."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[FieldProblem]
    correlation_id: str


def render(error: StartlineError) -> Response:
    """The problem document of one of our errors, in the language of the request."""
    language = language_of_request.get()
    found = error.fields if isinstance(error, InvalidFields) else ()
    fields = [{"field": field, "message": wording.said(language)} for field, wording in found]
    return _problem(error, error.wording.said(language), fields)


def _problem(error: StartlineError, detail: str, fields: list[dict[str, str]]) -> Response:
    language = language_of_request.get()
    body = {
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
    return Response(to_json(body), error.status, headers=headers, media_type="application/problem+json")


def errors(*kinds: type[StartlineError]) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: which errors of its own it can answer with."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        entry = found.setdefault(kind.status, {"description": ""})
        entry["description"] = " · ".join(filter(None, (entry["description"], f"`{kind.code}`")))
    return found


def install(app: FastAPI) -> None:
    """Have `app` answer every error as a problem document."""
    for kind in (StartlineError, RequestValidationError, HTTPException, Exception):
        app.add_exception_handler(kind, _answer)


async def _answer(_: Request, error: Exception) -> Response:
    return render_known(error) or render_unforeseen(error)


def render_known(error: Exception) -> Response | None:
    """The problem document of an error that a route may well raise; None for any other."""
    match error:
        case StartlineError():
            return render(error)
        case RequestValidationError():
            return _render_invalid(error)
        case HTTPException(__cause__=StartlineError() as cause):
            return render(cause)  # FastAPI makes a 400 of whatever ends the reading of a form
        case HTTPException(__context__=MultiPartException()):
            return render(MalformedForm())
        case HTTPException():
            return _render_http(error)
    return None


def invalid(error: ValidationError, *place: str) -> RequestValidationError:
    """What a model refused, as FastAPI would say it of the part of the request named by `place`."""
    return RequestValidationError([{**each, "loc": (*place, *each["loc"])} for each in error.errors()])


def _render_invalid(error: RequestValidationError) -> Response:
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return render(MalformedJson())
    language = language_of_request.get()
    fields = [{"field": _field(each["loc"]), "message": message_for(each, language)} for each in found]
    return _problem(InvalidFields(), InvalidFields.default_wording().said(language), fields)


def _field(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location[1:]) or str(location[0])


def _render_http(error: HTTPException) -> Response:
    kind = _BY_STATUS.get(error.status_code)
    return render(kind(headers=error.headers) if kind else OtherRefusal(error))


def render_unforeseen(error: Exception) -> Response:
    """503 when something we need is down, 422 when the database cannot hold a value, else 500 without any detail."""
    if is_unavailable(error):
        state = getattr(getattr(error, "orig", error), "sqlstate", None)
        log.warning("dependency_unavailable", error=type(error).__name__, sqlstate=state)
        return render(Unavailable())
    if isinstance(error, DBAPIError) and str(getattr(error.orig, "sqlstate", "") or "").startswith("22"):
        return render(InvalidFields(detail=NOT_STORABLE))
    log.error("unforeseen_error", error=type(error).__name__, exc_info=error)
    return render(InternalError())
