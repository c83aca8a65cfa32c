"""Turnstile's HTTP API, and a route that changes its mode."""

import asyncio
from dataclasses import fields
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from pydantic import BaseModel, ConfigDict
from starlette.exceptions import HTTPException

from simulators.problems import render_problems
from simulators.turnstile.account import Question, TurnstileAccount, TurnstileMode

_FIELDS = frozenset(field.name for field in fields(Question))


class TurnstileModeSetting(BaseModel):
    model_config = ConfigDict(extra="forbid")
    mode: TurnstileMode


def build_turnstile(account: TurnstileAccount | None = None) -> FastAPI:
    """Build `/siteverify` and `/mode` as a separate application, to be mounted anywhere."""
    app = FastAPI(title="Turnstile simulator", docs_url=None, redoc_url=None, openapi_url=None)
    app.state.account = account or TurnstileAccount()
    render_problems(app)
    app.add_api_route("/siteverify", _siteverify, methods=["POST"])
    app.add_api_route("/mode", _set_mode, methods=["POST"])
    return app


async def _set_mode(request: Request, setting: TurnstileModeSetting) -> TurnstileModeSetting:
    request.app.state.account.mode = setting.mode
    return setting


async def _siteverify(request: Request) -> Response:
    account: TurnstileAccount = request.app.state.account
    if account.mode is TurnstileMode.DOWN:
        return PlainTextResponse("upstream is not there", 503)
    if account.mode is TurnstileMode.TIMEOUT:
        await asyncio.sleep(account.hold_seconds)
    question = await _read(request)
    if question is None:
        return JSONResponse({"success": False, "error-codes": ["bad-request"]}, 400)
    return JSONResponse(account.answer(question))


async def _read(request: Request) -> Question | None:
    """Parse the fields, sent as a form or as JSON; None if they cannot be parsed."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    try:
        sent: Any = await request.json() if kind == "application/json" else dict(await request.form())
    except (HTTPException, ValueError):
        return None
    if not isinstance(sent, dict):
        return None
    known = {name: value for name, value in sent.items() if name in _FIELDS and isinstance(value, str)}
    return Question(**known)
