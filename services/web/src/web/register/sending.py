"""Sending a form to the API, and its answers as pages."""

import json
from typing import Final
from urllib.parse import urlsplit

from chassis.errors import Unavailable
from fastapi import Request, Response

from web.forms import FieldError
from web.pages import see_other
from web.register import challenge, keys, promo, runners, texts
from web.register.offers import Offer
from web.register.shown import API_ROUTES, Notice, Sent, form_page, said, wait_page
from web.upstream.client import Answer, ApiClient, Refused
from web.visitors import Visitor

_JSON: Final = {"Content-Type": "application/json"}
_AGAIN: Final = frozenset({429, 503})
"""Statuses of refusals after which the same request may be accepted."""

_IN_PROGRESS: Final = "request_in_progress"
_KEY_REUSED: Final = "idempotency_key_reused"
_PEOPLE: Final = {"already_registered": texts.REGISTERED_ALREADY, "already_waiting": texts.WAITING_ALREADY}
_OTHER_WORDS: Final = {
    _KEY_REUSED: texts.SEND_AGAIN,
}
_CHALLENGES: Final = frozenset({"challenge_required", "challenge_failed"})


class _Accepted(Answer):
    status_url: str


async def send(
    request: Request, offer: Offer, sent: Sent, *, api: ApiClient, visitor: Visitor, secret: str
) -> Response:
    """Send a form without errors and return the page that follows: of the registration, or why there is none.

    Args:
        secret: the browser's. The same form gets the same idempotency key from it.
    """
    route = API_ROUTES[offer.purpose]
    body = body_of(offer, sent)
    headers = {
        **_JSON,
        "Idempotency-Key": keys.idempotency_key(secret, route, body),
        **challenge.header_of(sent.values),
    }
    try:
        response = await api.call("POST", route, visitor, content=body, headers=headers)
        accepted = api.read(_Accepted, response)
    except Unavailable as error:
        return wait_page(request, sent, error)
    except Refused as refused:
        return _refusal(request, offer, sent, refused, visitor)
    return see_other(request, urlsplit(accepted.status_url).path)


def body_of(offer: Offer, sent: Sent) -> bytes:
    """Return what is sent to the API; the same bytes for the same form."""
    values = runners.with_copies(sent.values, offer.size)
    body = {
        "category_id": str(offer.category.id),
        "registration_type": offer.type.value,
        "participants": runners.participants(values, offer.size),
        "terms_accepted": True,
        **({promo.FIELD: sent.values[promo.FIELD]} if sent.values.get(promo.FIELD) else {}),
    }
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()


def _refusal(request: Request, offer: Offer, sent: Sent, refused: Refused, visitor: Visitor) -> Response:
    if refused.status in _AGAIN or refused.code == _IN_PROGRESS:
        return wait_page(request, sent, refused)
    errors = runners.api_errors(refused.field_errors, offer.size, visitor.language)
    if refused.code in _PEOPLE:
        message = said(request, _PEOPLE[refused.code])
        again = refused.members.get("participants", ())
        known = [FieldError(f"p{index + 1}-full_name", message) for index in again if isinstance(index, int)]
        errors = runners.grouped(known, offer.size, visitor.language)
    if refused.code in promo.REFUSALS:
        errors = [promo.error_of(refused)]
    is_at_field = refused.field_errors or refused.code in promo.REFUSALS
    notice = None if is_at_field else _notice(request, refused)
    response = form_page(request, offer, sent.values, errors=errors, notice=notice, status=refused.status)
    if refused.code == _KEY_REUSED:
        keys.forget(request, response)
    return response


def _notice(request: Request, refused: Refused) -> Notice:
    """Return the refusal of a whole form in words."""
    left = refused.members.get("places_left")
    places_left = left if isinstance(left, int) else 0
    text = _words(request, refused)
    if refused.code == "category_full":
        text = f"{text} {said(request, texts.PLACES_LEFT).format(left=places_left)}"
    return Notice(refused.code, text, places_left)


def _words(request: Request, refused: Refused) -> str:
    if refused.code in _CHALLENGES:
        return said(request, texts.challenge(is_shown=challenge.is_asked(request)))
    return said(request, _OTHER_WORDS[refused.code]) if refused.code in _OTHER_WORDS else refused.wording.en
