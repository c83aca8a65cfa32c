"""Errors as RFC 9457 problem documents."""

from http import HTTPStatus
from typing import Any
from uuid import uuid4

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException


def render_problems(app: FastAPI) -> None:
    """Make `app` render every error as `application/problem+json`."""
    app.add_exception_handler(HTTPException, _render_refusal)
    app.add_exception_handler(RequestValidationError, _render_invalid)


async def _render_refusal(request: Request, refusal: Exception) -> JSONResponse:
    status = refusal.status_code if isinstance(refusal, HTTPException) else HTTPStatus.INTERNAL_SERVER_ERROR
    return problem(request, HTTPStatus(status), HTTPStatus(status).phrase.lower().replace(" ", "_"))


async def _render_invalid(request: Request, invalid: Exception) -> JSONResponse:
    found = invalid.errors() if isinstance(invalid, RequestValidationError) else []
    errors = [{"field": ".".join(map(str, error["loc"][1:])), "message": error["msg"]} for error in found]
    return problem(request, HTTPStatus.UNPROCESSABLE_ENTITY, "invalid_fields", errors=errors)


def problem(request: Request, status: HTTPStatus, code: str, **members: Any) -> JSONResponse:
    """Return a problem document with the status' description; `members` are added, or replace its own."""
    body = {
        "type": "about:blank",
        "title": status.phrase,
        "status": status.value,
        "code": code,
        "detail": status.description or status.phrase,
        "correlation_id": request.headers.get("x-correlation-id") or str(uuid4()),
        **members,
    }
    return JSONResponse(body, status.value, media_type="application/problem+json")
