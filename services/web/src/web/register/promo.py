"""The promo code of a form: what it takes off is shown before the form is sent. The API decides when it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from chassis.errors import Unavailable
from fastapi import Request

from web.forms import FieldError
from web.register.offers import Offer
from web.upstream.client import Answer, ApiClient, Refused
from web.visitors import visitor_of

FIELD: Final = "promo_code"
CHECK: Final = "price"
"""Value of the button that shows the price with the code."""

REFUSALS: Final = frozenset({"promo_not_valid", "promo_used_up", "promo_code_required"})
"""Codes of refusals that are about the promo code."""

_LATER: Final = 429


class Quote(Answer):
    """What a registration with the code would cost now."""

    code: str
    list_amount: Decimal
    discount: Decimal
    total_amount: Decimal


@dataclass(frozen=True)
class Checked:
    """What is known of the code of a form.

    Attributes:
        quote: None without a code, and if it is refused or could not be checked.
        error: why it is refused.
        is_unknown: whether it could not be checked just now.
    """

    quote: Quote | None = None
    error: FieldError | None = None
    is_unknown: bool = False


async def check(request: Request, offer: Offer, values: Mapping[str, str]) -> Checked:
    """Ask the API what the form would cost with its code; it counts as the visitor's."""
    code = values.get(FIELD, "")
    if not code:
        return Checked()
    api: ApiClient = request.app.state.registration_api
    asked = {"category_id": str(offer.category.id), "code": code, "registration_type": offer.type.value}
    try:
        quote = await api.get(Quote, "/promo-codes/check", await visitor_of(request), params=asked)
    except Unavailable:
        return Checked(is_unknown=True)
    except Refused as refused:
        if refused.status in (_LATER, Unavailable.status):
            return Checked(is_unknown=True)
        return Checked(error=error_of(refused))
    return Checked(quote)


def error_of(refused: Refused) -> FieldError:
    """Return the error at the field, in the words of the API."""
    return FieldError(FIELD, next(iter(refused.field_errors.values()), refused.wording.en))
