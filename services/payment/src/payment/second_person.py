"""Two people decide about large amounts: the first one checks, and another one decides."""

from decimal import Decimal
from typing import Annotated, Literal

from chassis.errors import StartlineError
from chassis.web.models import View
from fastapi import Query
from fastapi.responses import JSONResponse

WaitsForSecond = Annotated[bool | None, Query(description="what the first of two people has decided")]
"""The filter of lists for what waits for a second person."""


class SamePerson(StartlineError):
    """From this amount on two people decide, and you are the first one: another member of staff has to do this."""

    code = "same_person"
    indonesian = (
        "Mulai jumlah ini diputuskan oleh dua orang, dan Anda orang pertama: petugas lain yang harus melakukan ini."
    )


class Waiting(View):
    """The first of two people has decided; nothing happens until another one has, too."""

    waits_for: Literal["second_person"] = "second_person"


def needs_second(amount: Decimal, limit: Decimal | None) -> bool:
    """Return whether two people decide about an amount; `limit` is the lowest one, None for never."""
    return limit is not None and amount >= limit


def second_person_answer() -> JSONResponse:
    """Return the answer 202 of a decision that waits for a second person."""
    return JSONResponse(Waiting().model_dump(), status_code=202)
