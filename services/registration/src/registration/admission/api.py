"""The route that takes load spikes, served by `chassis.web.fast_path`."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any

from chassis.auth.access import public
from chassis.errors import TooBusy, TooSlow
from chassis.web.fast_path import describe_form, describe_header, read_header
from chassis.web.limits import AddressLimit, TooManyRequests
from chassis.web.problems import errors
from chassis.web.routing import Router, read_json
from fastapi import Request, Response
from pydantic import StringConstraints, TypeAdapter
from pydantic_core import to_json

from registration.admission.errors import AlreadyRegistered, CategoryFull
from registration.admission.forms import RegisteredView, RegistrationForm
from registration.admission.service import AdmissionService
from registration.catalog.errors import UnknownCategory
from registration.challenge.api import CHALLENGE_ERRORS, CHALLENGE_PARAMETER
from registration.entries.errors import RegistrationClosed, RegistrationNotOpen
from registration.idempotency.errors import IdempotencyKeyReused, RequestInProgress
from registration.idempotency.rules import Answer
from registration.prices.errors import PromoCodeRequired, PromoNotValid, PromoUsedUp, TypeNotOffered

router = Router(tags=["registrations"])

_FORM = TypeAdapter(RegistrationForm)
_KEY: TypeAdapter[str | None] = TypeAdapter(
    Annotated[str | None, StringConstraints(min_length=1, max_length=255, pattern=r"^[\x21-\x7e]+$")]
)

FORM_OPENAPI = describe_form(RegistrationForm, describe_header("Idempotency-Key", _KEY), CHALLENGE_PARAMETER)


async def take_form(request: Request) -> tuple[RegistrationForm, str | None]:
    """Return the form and the idempotency key of a request that passes the limit and the challenge.

    The challenge comes last, so that an invalid form does not use one up.

    Raises:
        TooManyRequests, TooSlow, RequestValidationError, and what the challenge raises.
    """
    state = request.app.state
    state.limits["registrations"].admit(request)
    form, key = read_json(_FORM, await request.body()), read_header(request, "Idempotency-Key", _KEY)
    if state.checkpoint is not None:
        await state.checkpoint.admit(request)
    return form, key


@contextmanager
def wrong_codes_count(request: Request, form: RegistrationForm) -> Iterator[None]:
    """Count a promo code that is not valid as one that was checked. An address that may check none sends none.

    Every code counts until it is found valid, so that requests which are sent at once try no more than the limit.

    Raises:
        TooManyRequests.
    """
    if form.promo_code is None:
        yield
        return
    limit: AddressLimit = request.app.state.limits["promo_checks"]
    limit.admit(request)
    is_wrong = False
    try:
        yield
    except PromoNotValid:
        is_wrong = True
        raise
    finally:
        if not is_wrong:
            limit.give_back(request)


def admitted(answer: Answer[Any]) -> Response:
    """Return the response to a request that was admitted."""
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
        PromoNotValid,
        PromoUsedUp,
        PromoCodeRequired,
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
    with wrong_codes_count(request, form):
        return admitted(await service.register(form, key))
