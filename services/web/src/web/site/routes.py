"""Routes of the public pages."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated
from urllib.parse import urlencode
from xml.sax.saxutils import escape

import httpx
from chassis.auth.access import public
from chassis.errors import NotFound
from chassis.web.routing import Router
from fastapi import Depends, Query, Request, Response

from web.access import Registration as SearchApi
from web.languages import ENGLISH_PREFIX
from web.pages import page_of
from web.site.structured import sports_event
from web.site.views import RaceView, view_of
from web.upstream.client import ApiClient, Refused
from web.upstream.registration import RacePage, RegistrationApi, search_races
from web.visitors import CurrentVisitor, Visitor

router = Router(dependencies=[public])

_LONGEST_SEARCH = 100
_LONGEST_CURSOR = 500
_PAGE = 24
_A_DAY = timedelta(days=1)


def _registration(request: Request) -> RegistrationApi:
    api: RegistrationApi = request.app.state.registration
    return api


def _now(request: Request) -> datetime:
    now: datetime = request.app.state.clock()
    return now


Registration = Annotated[RegistrationApi, Depends(_registration)]
Now = Annotated[datetime, Depends(_now)]


@dataclass(frozen=True)
class _Asked:
    """What is searched for, and which page is shown: of a search by cursor, of all races by number."""

    q: Annotated[str, Query(max_length=_LONGEST_SEARCH)] = ""
    cursor: Annotated[str, Query(max_length=_LONGEST_CURSOR)] = ""
    page: Annotated[int, Query(ge=1, le=10_000)] = 1


Asked = Annotated[_Asked, Depends()]


@router.get("/")
@router.get(f"{ENGLISH_PREFIX}/")
async def races(
    request: Request, registration: Registration, api: SearchApi, visitor: CurrentVisitor, now: Now, asked: Asked
) -> Response:
    """The list of races, the next one first. A search counts as the visitor's."""
    search = asked.q.strip()
    if search:
        found = await _search(api, visitor, search, asked.cursor, now)
        shown = [each for each in (view_of(race, now) for race in found.items) if not each.is_over]
        more = urlencode({"q": search, "cursor": found.next_cursor}) if found.next_cursor else None
        is_first = not asked.cursor
    else:
        upcoming = [each for each in (view_of(race, now) for race in await registration.races()) if not each.is_over]
        shown, more, is_first = _numbered_page(upcoming, asked.page)
    return page_of(request, "races.html", races=shown, search=search, more=more, is_first=is_first)


def _numbered_page(upcoming: list[RaceView], page: int) -> tuple[list[RaceView], str | None, bool]:
    """Return the races of a page, the query of the next page if there is one, and whether it is the first."""
    by_date = sorted(upcoming, key=lambda each: each.date)
    last = page * _PAGE
    return by_date[last - _PAGE : last], f"page={page + 1}" if len(by_date) > last else None, page == 1


async def _search(api: ApiClient, visitor: Visitor, search: str, cursor: str, now: datetime) -> RacePage:
    since = (now - _A_DAY).date()  # somewhere the day before has not ended yet
    try:
        return await search_races(api, visitor, search, since=since, limit=_PAGE, cursor=cursor or None)
    except Refused as error:
        if error.status == httpx.codes.UNPROCESSABLE_ENTITY:  # no race has such words
            return RacePage(items=())
        raise


@router.get("/races/{slug}")
@router.get(f"{ENGLISH_PREFIX}/races/{{slug}}")
async def race(request: Request, slug: str, registration: Registration, now: Now) -> Response:
    """The page of a race."""
    found = await registration.race(slug)
    if found is None:
        raise NotFound
    shown, site = view_of(found, now), request.app.state.public_url
    structured = sports_event(shown, site + request.url.path, site=site)
    return page_of(request, "race.html", race=shown, structured=structured, now=now)


@router.get("/clock", include_in_schema=False)
async def clock(now: Now) -> Response:
    """The time in milliseconds since 1970, for countdowns on devices whose clock is wrong."""
    return Response(str(round(now.timestamp() * 1000)), media_type="text/plain", headers={"Cache-Control": "no-store"})


@router.get("/robots.txt", include_in_schema=False)
async def robots(request: Request) -> Response:
    """What search engines may read."""
    lines = (
        "User-agent: *",
        *(f"Disallow: {prefix}/{area}/" for area in ("r", "t") for prefix in _PREFIXES),
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
