"""Routes of the public pages."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated
from xml.sax.saxutils import escape

from chassis.auth.access import public
from chassis.errors import NotFound
from chassis.web.routing import Router
from fastapi import Depends, Query, Request, Response

from web.languages import ENGLISH_PREFIX
from web.pages import page_of
from web.site.views import view_of
from web.upstream.registration import Race, RegistrationApi

router = Router(dependencies=[public])

_LONGEST_SEARCH = 100


def _registration(request: Request) -> RegistrationApi:
    api: RegistrationApi = request.app.state.registration
    return api


def _now(request: Request) -> datetime:
    now: datetime = request.app.state.clock()
    return now


Registration = Annotated[RegistrationApi, Depends(_registration)]
Now = Annotated[datetime, Depends(_now)]
Search = Annotated[str, Query(alias="q", max_length=_LONGEST_SEARCH)]


@router.get("/")
@router.get(f"{ENGLISH_PREFIX}/")
async def races(request: Request, registration: Registration, now: Now, search: Search = "") -> Response:
    """The list of races, the next one first."""
    found = [view_of(race, now) for race in _matching(await registration.races(), search)]
    upcoming = sorted((each for each in found if not each.is_over), key=lambda each: each.date)
    return page_of(request, "races.html", races=upcoming, search=search)


@router.get("/races/{slug}")
@router.get(f"{ENGLISH_PREFIX}/races/{{slug}}")
async def race(request: Request, slug: str, registration: Registration, now: Now) -> Response:
    """The page of a race."""
    found = await registration.race(slug)
    if found is None:
        raise NotFound
    return page_of(request, "race.html", race=view_of(found, now))


@router.get("/robots.txt", include_in_schema=False)
async def robots(request: Request) -> Response:
    """What search engines may read."""
    lines = (
        "User-agent: *",
        "Disallow: /r/",
        "Disallow: /t/",
        "Disallow: /api/",
        f"Sitemap: {request.app.state.public_url}/sitemap.xml",
    )
    return Response("\n".join((*lines, "")), media_type="text/plain")


@router.get("/sitemap.xml", include_in_schema=False)
async def sitemap(request: Request, registration: Registration) -> Response:
    """The addresses of all pages in both languages."""
    paths = ["/", *(f"/races/{each.slug}" for each in await registration.races())]
    site: str = request.app.state.public_url
    urls = "".join(f"<url><loc>{escape(site + prefix + path)}</loc></url>" for path in paths for prefix in _PREFIXES)
    namespace = "http://www.sitemaps.org/schemas/sitemap/0.9"
    xml = f'<?xml version="1.0" encoding="UTF-8"?><urlset xmlns="{namespace}">{urls}</urlset>'
    return Response(xml, media_type="application/xml")


_PREFIXES = ("", ENGLISH_PREFIX)


def _matching(races: Sequence[Race], search: str) -> Sequence[Race]:
    words = search.casefold().split()
    return [each for each in races if all(word in _searched(each) for word in words)]


def _searched(race: Race) -> str:
    return f"{race.name} {race.location} {race.description or ''}".casefold()
