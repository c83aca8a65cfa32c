"""What the pages of the form show."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from chassis.errors import StartlineError
from chassis.wording import Language, Wording
from contracts import JerseySize
from fastapi import Request, Response

from web.formats import rupiah
from web.forms import FieldError, Form
from web.languages import language_of_path
from web.pages import private_page
from web.register import texts
from web.register.challenge import without_token
from web.register.dates import MONTHS
from web.register.offers import Offer, Purpose
from web.register.promo import Checked
from web.site.brand import stylesheet_of

API_ROUTES: Final = {Purpose.REGISTER: "/registrations", Purpose.WAITLIST: "/waitlist"}
_API: Final = "/api/registration/v1"
_WITHOUT_COOKIE: Final = 400


@dataclass(frozen=True)
class Sent:
    """A form as it was sent: its values, and the button that was pressed."""

    values: Mapping[str, str]
    step: str


@dataclass(frozen=True)
class Notice:
    """Why a form was refused as a whole.

    Attributes:
        code: of the API.
        places_left: with `category_full` and `places_available`.
    """

    code: str
    text: str
    places_left: int = 0


@dataclass(frozen=True)
class Chosen:
    """The choices of a form: pairs of value and label."""

    genders: Sequence[tuple[str, str]]
    jerseys: Sequence[tuple[str, str]]


_JERSEYS: Final = tuple((each.value, each.value.upper()) for each in JerseySize)
_CHOICES: Final = {
    language: Chosen([(value, label.said(language)) for value, label in texts.GENDERS.items()], _JERSEYS)
    for language in Language
}


def shown_of(
    offer: Offer, form: Form | None = None, notice: Notice | None = None, checked: Checked | None = None
) -> Mapping[str, Any]:
    """Return the values of the template of the form."""
    return {
        "offer": offer,
        "checked": checked or Checked(),
        "promo_api": f"{_API}/promo-codes/check",
        "race": offer.race,
        "stylesheet": stylesheet_of(offer.race.brand_color),
        "form": form or Form(),
        "is_fresh": form is None,
        "notice": notice,
        "api": _API + API_ROUTES[offer.purpose],
        "months": " ".join(f"{name}:{number}" for name, number in MONTHS.items()),
        "promo_note": lambda code: _promo_note(checked or Checked(), Language(code)),
        "texts_of": lambda code, has_challenge: texts.messages(Language(code), has_challenge=has_challenge),
        "choices_of": _CHOICES,
    }


def _promo_note(checked: Checked, language: Language) -> str:
    """Return what is said of the promo code beside its field; empty for nothing."""
    if checked.is_unknown:
        return texts.PROMO_UNKNOWN.said(language)
    if checked.quote is None:
        return ""
    discount = checked.quote.discount
    return (
        texts.PROMO_APPLIED.said(language, discount=rupiah(discount)) if discount else texts.PROMO_ACCESS.said(language)
    )


def form_page(
    request: Request,
    offer: Offer,
    values: Mapping[str, str],
    *,
    errors: Sequence[FieldError] = (),
    notice: Notice | None = None,
    checked: Checked | None = None,
    status: int = 200,
) -> Response:
    """Return the form with what was typed, and with the price that its promo code gives if that was asked for."""
    form = Form(without_token(values), errors)
    return private_page(request, "register.html", status=status, **shown_of(offer, form, notice, checked))


def review_page(request: Request, offer: Offer, values: Mapping[str, str], checked: Checked) -> Response:
    """Return a page that shows everything before it is sent."""
    shown = shown_of(offer, Form(without_token(values)), checked=checked)
    return private_page(request, "register_review.html", **shown)


def wait_page(request: Request, sent: Sent, error: StartlineError | None) -> Response:
    """Return a page that keeps everything and sends the same again.

    Args:
        error: why the API did not answer; None if the browser does not keep the cookie.
    """
    status = error.status if error else _WITHOUT_COOKIE
    headers = error.headers if error else {}
    response = private_page(
        request,
        "register_again.html",
        status=status,
        form=Form(sent.values),
        step=sent.step,
        code=error.code if error else "no_cookie",
        seconds=headers.get("Retry-After", "2"),
    )
    response.headers.update(headers)
    return response


def said(request: Request, wording: Wording) -> str:
    """Return a text in the language of the page."""
    return wording.said(language_of_path(request.url.path))
