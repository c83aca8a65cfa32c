"""Asking a source over HTTP, and the types of what it answers."""

import asyncio
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Final, TypeVar

import httpx
from chassis.answers import AnswerTooLarge, fetch, read_json
from pydantic import AfterValidator, BaseModel, Field, ValidationError

from payment.usdt.rates.port import SourceDown, SourceUnreadable
from payment.usdt.rates.rules import LARGEST, SMALLEST, rounded

_TIMEOUT: Final = 5.0
"""Seconds for the whole answer."""
_MILLISECONDS_FROM: Final = 10**11
_LATEST_STAMP: Final = 10**14

ModelT = TypeVar("ModelT", bound=BaseModel)

Price = Annotated[Decimal, Field(ge=SMALLEST, lt=LARGEST), AfterValidator(rounded)]
"""Rupiah for one USDT, as a number or as text; rounded to eight decimals."""
Stamp = Annotated[int, Field(ge=0, lt=_LATEST_STAMP)]
"""A time since 1970, in seconds or in milliseconds."""


async def ask(
    http: httpx.AsyncClient,
    url: str,
    model: type[ModelT],
    *,
    params: Mapping[str, str] | None = None,
    headers: Mapping[str, str] | None = None,
) -> ModelT:
    """Return the answer of a source to a GET request. Redirects are not followed.

    Raises:
        SourceDown, SourceUnreadable.
    """
    try:
        async with asyncio.timeout(_TIMEOUT):
            answer = await fetch(
                http, "GET", url, headers=headers, params=params, timeout=_TIMEOUT, follow_redirects=False
            )
    except AnswerTooLarge:
        raise SourceUnreadable("too large") from None
    except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
        raise SourceDown(type(error).__name__) from None
    if answer.status_code != httpx.codes.OK:
        raise SourceDown(f"status {answer.status_code}")
    return _read(answer, model)


def _read(answer: httpx.Response, model: type[ModelT]) -> ModelT:
    try:
        body = read_json(answer, parse_float=Decimal)
    except (ValueError, ArithmeticError) as error:
        raise SourceUnreadable(type(error).__name__) from None
    try:
        return model.model_validate(body)
    except ValidationError as error:
        where = ", ".join(".".join(map(str, each["loc"])) for each in error.errors(include_input=False))
        raise SourceUnreadable(f"not as documented: {where[:200]}") from None


def moment(stamp: int) -> datetime:
    """Return the time of a stamp. One of 12 digits or more counts milliseconds, others seconds."""
    return datetime.fromtimestamp(stamp / 1000 if stamp >= _MILLISECONDS_FROM else stamp, UTC)
