"""The route where the rush lands."""

from typing import Annotated, Any

from chassis.auth.access import public
from chassis.errors import TooSlow
from chassis.web.limits import TooManyRequests
from chassis.web.problems import errors, invalid
from chassis.web.routing import Router
from fastapi import Request, Response
from pydantic import StringConstraints, TypeAdapter, ValidationError
from pydantic_core import to_json

from registration.admission.errors import (
    AlreadyRegistered,
    CategoryFull,
    TooBusy,
)
from registration.admission.forms import RegisteredView, RegistrationForm
from registration.admission.service import AdmissionService
from registration.catalog.errors import UnknownCategory
from registration.challenge.api import CHALLENGE_ERRORS, CHALLENGE_PARAMETER
from registration.entries.errors import RegistrationClosed, RegistrationNotOpen, TypeNotOffered
from registration.idempotency.errors import IdempotencyKeyReused, RequestInProgress
from registration.idempotency.rules import Answer

router = Router(tags=["registrations"])

_KEY = TypeAdapter(Annotated[str | None, StringConstraints(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")])

FORM_OPENAPI: dict[str, Any] = {
    "parameters": [
        {"name": "Idempotency-Key", "in": "header", "required": False, "schema": _KEY.json_schema()},
        CHALLENGE_PARAMETER,
    ],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/RegistrationForm"}}},
    },
}
"""What FastAPI cannot know of a route that takes the form by itself."""


async def take_form(request: Request) -> tuple[RegistrationForm, str | None]:
    """The form and its idempotency key, if the caller may hand one in. A form that is refused uses up no challenge.

    Raises:
        TooManyRequests, TooSlow, RequestValidationError, and what the challenge raises.
    """
    state = request.app.state
    state.limits["registrations"].admit(request)
    form, key = _filled_in(await request.body()), _idempotency_key(request)
    if state.checkpoint is not None:
        await state.checkpoint.admit(request)
    return form, key


def _filled_in(body: bytes) -> RegistrationForm:
    try:
        return RegistrationForm.model_validate_json(body)
    except ValidationError as error:
        raise invalid(error, "body") from None


def _idempotency_key(request: Request) -> str | None:
    try:
        return _KEY.validate_python(request.headers.get("idempotency-key"))
    except ValidationError as error:
        raise invalid(error, "header", "Idempotency-Key") from None


def admitted(answer: Answer[Any]) -> Response:
    """The answer of somebody who got in."""
    headers = {"Idempotency-Replayed": "true"} if answer.replayed else None
    return Response(to_json(answer.body), 201, media_type="application/json", headers=headers)


@router.post(
    "/registrations",
    status_code=201,
    dependencies=[public],
    response_model=RegisteredView,
    responses=errors(
        UnknownCategory,
        CategoryFull,
        AlreadyRegistered,
        RegistrationNotOpen,
        RegistrationClosed,
        TypeNotOffered,
        IdempotencyKeyReused,
        RequestInProgress,
        TooBusy,
        TooManyRequests,
        TooSlow,
        *CHALLENGE_ERRORS,
    ),
    openapi_extra=FORM_OPENAPI,
)
async def register(request: Request) -> Response:
    """Take places for one runner or a group, all or none, first come, first served."""
    service: AdmissionService = request.app.state.admission_service
    form, key = await take_form(request)
    return admitted(await service.register(form, key))
