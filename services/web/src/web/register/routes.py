"""Routes of the form."""

from collections.abc import Callable, Mapping
from datetime import datetime
from itertools import product
from typing import Annotated, Any, Final, TypeVar

from chassis.auth.access import public
from chassis.errors import NotFound, Unavailable
from chassis.web.dependencies import from_state
from chassis.web.forms import form_of, urlencoded_of
from fastapi import APIRouter, Request, Response

from web import forms
from web.kept import KeptPages
from web.languages import ENGLISH_PREFIX, without_language
from web.pages import Pages, see_other
from web.register import keys, promo, runners
from web.register.challenge import FIELD, FormRoute
from web.register.offers import TYPES, Offer, Purpose, offer_of
from web.register.sending import send
from web.register.shown import Sent, form_page, review_page, shown_of, wait_page
from web.upstream.client import ApiClient
from web.upstream.registration import Race, RegistrationApi
from web.visitors import visitor_of

router = APIRouter(route_class=FormRoute, dependencies=[public])

_SIZES: Final = {str(size): size for size in TYPES}
_MOST_FIELDS: Final = 1000
_CORRECT: Final = "correct"
_BINDING: Final = "send"

EndpointT = TypeVar("EndpointT", bound=Callable[..., Any])

Races = Annotated[RegistrationApi, from_state("registration")]


def _route(method: str, rest: str = "") -> Callable[[EndpointT], EndpointT]:
    """Return a decorator that serves an address of both purposes in both languages."""

    def add(endpoint: EndpointT) -> EndpointT:
        for prefix, purpose in product(("", ENGLISH_PREFIX), Purpose):
            router.add_api_route(f"{prefix}/races/{{slug}}/{purpose}{rest}", endpoint, methods=[method])
        return endpoint

    return add


@_route("GET")
async def choose(request: Request, slug: str, races: Races) -> Response:
    """Go to the page of the race, where category and size are chosen."""
    return see_other(request, f"/races/{(await _race(races, slug)).slug}")


@_route("GET", "/{category}")
async def choose_size(request: Request, slug: str, category: str, races: Races) -> Response:
    """Go to the form for one runner."""
    offer = await _offer(request, races, (slug, category, "1"))
    return see_other(request, offer.path)


@_route("GET", "/{category}/{size}")
async def show_form(request: Request, slug: str, category: str, size: str, races: Races) -> Response:
    """The form, or why there is none now; kept for some seconds, as it holds nothing of its visitor."""
    kept: KeptPages = request.app.state.kept_pages
    path = request.url.path
    page = kept.find(path)
    if page is None:
        offer = await _offer(request, races, (slug, category, size))
        pages: Pages = request.app.state.pages
        html = pages.render("register.html", path, is_public=True, **shown_of(offer))
        page = kept.keep(path, html, changes_at=offer.changes_at(_now(request)))
    return page.response(request)


@_route("POST", "/{category}/{size}")
async def take_form(request: Request, slug: str, category: str, size: str) -> Response:
    """Check the form, show it for review if it is a group's, and send it to the API.

    In a rush this is called most, so it takes what it needs itself: dependencies would be a tenth of its cost.
    """
    races: RegistrationApi = request.app.state.registration
    visitor = await visitor_of(request)
    values, step = await _typed(request, _SIZES.get(size, 0))
    try:
        offer = await _offer(request, races, (slug, category, size))
    except Unavailable as error:
        return wait_page(request, Sent(values, step), error)
    if step in (_CORRECT, promo.CHECK):
        return await _with_price(request, offer, values, is_asked=step == promo.CHECK)
    copied = runners.with_copies(values, offer.size)
    errors = runners.errors_of(copied, offer.size, visitor.language)
    if errors:
        checked = await promo.check(request, offer, values)
        found = [*errors, checked.error] if checked.error else errors
        return form_page(request, offer, values, errors=found, checked=checked, status=422)
    if offer.size > 1 and step != _BINDING:
        return await _reviewed(request, offer, values, copied)
    secret = keys.secret_of(request)
    if secret is None:
        return _without_cookie(request, Sent(values, step))
    api: ApiClient = request.app.state.registration_api
    return await send(request, offer, Sent(values, step), api=api, visitor=visitor, secret=secret)


async def _with_price(request: Request, offer: Offer, values: Mapping[str, str], *, is_asked: bool) -> Response:
    """Return the form with the price that its code gives; an error of the code only if its price is asked for."""
    checked = await promo.check(request, offer, values)
    if checked.error is None or not is_asked:
        return form_page(request, offer, values, checked=checked)
    return form_page(request, offer, values, errors=[checked.error], status=422)


async def _reviewed(request: Request, offer: Offer, values: Mapping[str, str], copied: Mapping[str, str]) -> Response:
    """Return the page for a last look, or the form if its code is refused."""
    checked = await promo.check(request, offer, values)
    if checked.error is not None:
        return form_page(request, offer, values, errors=[checked.error], status=422)
    return review_page(request, offer, copied, checked)


def _without_cookie(request: Request, sent: Sent) -> Response:
    return wait_page(request, sent, None) if keys.was_sent_back(request) else keys.sent_back(request)


async def _typed(request: Request, size: int) -> tuple[Mapping[str, str], str]:
    """Return what was typed into the fields of the form, and which button was pressed."""
    fields = await urlencoded_of(request, max_fields=_MOST_FIELDS)
    if fields is None:
        async with form_of(request) as form:
            typed = forms.typed(form)
    else:
        typed = {name: value.strip() for name, value in fields.items()}
    names = {*runners.field_names(size), FIELD, promo.FIELD}
    return {name: value for name, value in typed.items() if name in names}, typed.get("step", "")


async def _offer(request: Request, races: RegistrationApi, address: tuple[str, str, str]) -> Offer:
    """Return what the form of an address is for.

    Raises:
        NotFound: there is no such race or category, or it does not take groups of that size.
        Unavailable.
    """
    slug, category, size = address
    if size not in _SIZES:
        raise NotFound
    found = offer_of(await _race(races, slug), _purpose(request), category, _SIZES[size], _now(request))
    if found is None:
        raise NotFound
    return found


async def _race(races: RegistrationApi, slug: str) -> Race:
    found = await races.race(slug)
    if found is None:
        raise NotFound
    return found


def _purpose(request: Request) -> Purpose:
    """Return the purpose in the address, which follows the name of the race."""
    return Purpose(without_language(request.url.path).split("/")[3])


def _now(request: Request) -> datetime:
    now: datetime = request.app.state.clock()
    return now
