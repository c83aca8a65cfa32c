"""The one renderer of errors: RFC 9457 `application/problem+json`."""

from collections.abc import Mapping
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ValidationError
from pydantic_core import to_json
from sqlalchemy.exc import DBAPIError
from starlette.exceptions import HTTPException

from chassis.database import is_unavailable
from chassis.errors import StartlineError, Unavailable
from chassis.telemetry import correlation_id, logger

log = logger(__name__)

_CODES = {404: "not_found", 405: "method_not_allowed", 400: "bad_request", 413: "payload_too_large"}


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
    errors: list[FieldProblem] = []
    correlation_id: str


def problem(
    *, code: str, status: int, title: str, detail: str, headers: Mapping[str, str] | None = None, **extra: Any
) -> Response:
    """A problem document as a response."""
    body = {
        "type": f"urn:startline:problem:{code}",
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
        "errors": [],
        **extra,
        "correlation_id": correlation_id(),
    }
    return Response(to_json(body), status, headers=headers, media_type="application/problem+json")


def render(error: StartlineError) -> Response:
    """The problem document of one of our errors."""
    return problem(
        code=error.code,
        status=error.status,
        title=error.title,
        detail=error.detail,
        headers=error.headers,
        **error.extra,
    )


def errors(*kinds: type[StartlineError]) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses`: which errors it can answer with."""
    found: dict[int | str, dict[str, Any]] = {}
    for kind in kinds:
        entry = found.setdefault(kind.status, {"model": Problem, "description": ""})
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
        case HTTPException():
            return _render_http(error)
    return None


def invalid(error: ValidationError, *place: str) -> RequestValidationError:
    """What a model refused, as FastAPI would say it of the part of the request named by `place`."""
    return RequestValidationError([{**each, "loc": (*place, *each["loc"])} for each in error.errors()])


def _render_invalid(error: RequestValidationError) -> Response:
    found = error.errors()
    if any(each["type"] == "json_invalid" for each in found):
        return problem(
            code="malformed_json", status=400, title="Malformed JSON", detail="The body is not well-formed JSON."
        )
    fields = [{"field": _field(each["loc"]), "message": each["msg"]} for each in found]
    return problem(
        code="invalid_fields",
        status=422,
        title="Invalid fields",
        detail="Some fields are wrong; `errors` names each.",
        errors=fields,
    )


def _field(location: tuple[int | str, ...]) -> str:
    return ".".join(str(part) for part in location[1:]) or str(location[0])


def _render_http(error: HTTPException) -> Response:
    code = _CODES.get(error.status_code, "http_error")
    title = code.replace("_", " ").capitalize()
    return problem(code=code, status=error.status_code, title=title, detail=str(error.detail), headers=error.headers)


def render_unforeseen(error: Exception) -> Response:
    """503 when something we need is down, 422 when the database cannot hold a value, else 500 without any detail."""
    if is_unavailable(error):
        state = getattr(getattr(error, "orig", error), "sqlstate", None)
        log.warning("dependency_unavailable", error=type(error).__name__, sqlstate=state)
        return render(Unavailable())
    if isinstance(error, DBAPIError) and str(getattr(error.orig, "sqlstate", "") or "").startswith("22"):
        return problem(
            code="invalid_fields", status=422, title="Invalid fields", detail="A value cannot be stored as it is."
        )
    log.error("unforeseen_error", error=type(error).__name__, exc_info=error)
    return problem(
        code="internal_error", status=500, title="Internal error", detail="Something went wrong on our side."
    )
