"""The route where the rush lands."""

import json
from typing import Annotated

from chassis.auth.access import public
from chassis.web.dependencies import from_state
from chassis.web.limits import TooManyRequests, limited
from chassis.web.problems import errors
from fastapi import APIRouter, Depends, Header, Request, Response
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError

from registration.admission.errors import (
    AlreadyRegistered,
    CategoryFull,
    IdempotencyKeyReused,
    RegistrationClosed,
    RegistrationNotOpen,
    RequestInProgress,
    TooBusy,
    TypeNotOffered,
)
from registration.admission.forms import RegisteredView, RegistrationForm
from registration.admission.office import AdmissionOffice
from registration.catalog.errors import UnknownCategory
from registration.challenge.api import CHALLENGE_ERRORS, CHALLENGE_PARAMETER, challenged

router = APIRouter(tags=["registrations"])

Key = Annotated[str | None, Header(alias="Idempotency-Key", min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")]


async def filled_in_form(request: Request) -> RegistrationForm:
    """The body, parsed and checked in one go by pydantic's own JSON parser: this route has to be fast."""
    body = await request.body()
    try:
        return RegistrationForm.model_validate_json(body)
    except ValidationError as error:
        raise RequestValidationError([{**each, "loc": ("body", *each["loc"])} for each in error.errors()]) from None


@router.post(
    "/registrations",
    status_code=201,
    # In this order: a form that is refused does not use up its challenge.
    dependencies=[public, limited("registrations"), Depends(filled_in_form), challenged],
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
        *CHALLENGE_ERRORS,
    ),
    openapi_extra={
        "parameters": [CHALLENGE_PARAMETER],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": "#/components/schemas/RegistrationForm"}}},
        },
    },
)
async def register(
    form: Annotated[RegistrationForm, Depends(filled_in_form)],
    office: Annotated[AdmissionOffice, from_state("office")],
    idempotency_key: Key = None,
) -> Response:
    """Take places for one runner or a group, all or none, first come, first served."""
    answer = await office.register(form, idempotency_key)
    headers = {"Idempotency-Replayed": "true"} if answer.replayed else None
    body = json.dumps(answer.body, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, 201, media_type="application/json", headers=headers)
