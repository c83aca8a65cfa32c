"""`startline seed`: the example race and its three categories, created by the same commands as the API uses."""

import argparse
import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from chassis.database import Database
from registration.catalog import commands
from registration.catalog.errors import SlugTaken

from standalone.databases import Server, open_database, reachable_server
from standalone.posters import BRAND_COLOR, add_poster
from standalone.services import service_named
from standalone.settings import StandaloneSettings

_ACTOR = "operator"

CATEGORIES: tuple[dict[str, Any], ...] = (
    {"name": "5K Fun Run", "slug": "5k", "distance": "5 km", "prefix": "FR5K", "bibs": (1000, 1999), "price": 150_000},
    {"name": "10K Run", "slug": "10k", "distance": "10 km", "prefix": "R10K", "bibs": (2000, 2999), "price": 200_000},
    {
        "name": "Half Marathon",
        "slug": "half-marathon",
        "distance": "21.1 km",
        "prefix": "HM21",
        "bibs": (3000, 3499),
        "price": 350_000,
    },
)


def category_fields(category: dict[str, Any], *, quota: int | None = None) -> dict[str, Any]:
    """Return the fields of an example category. Runners pay 5 % less in groups of 5, and 10 % less in groups of 10."""
    first, last = category["bibs"]
    price = Decimal(category["price"])
    return {
        "name": category["name"],
        "slug": category["slug"],
        "description": None,
        "distance": category["distance"],
        "price_individual": price,
        "price_collective_5": price * Decimal("0.95"),
        "price_collective_10": price * Decimal("0.90"),
        "quota": quota or last - first + 1,
        "registration_prefix": category["prefix"],
        "bib_start_number": first,
        "bib_end_number": last,
        "is_active": True,
        "registration_open_at": None,
        "registration_close_at": None,
        "payment_deadline_hours": 24,
    }


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add no arguments."""
    parser.set_defaults(action=None)


def run(settings: StandaloneSettings, _: argparse.Namespace) -> int:
    """Create the example race. Running it twice changes nothing."""
    with reachable_server(settings) as server:
        asyncio.run(_run(settings, server))
    return 0


async def _run(settings: StandaloneSettings, server: Server) -> None:
    database = open_database(server, service_named("registration"))
    try:
        print(await _seed(settings, database))
    finally:
        await database.close()


async def _seed(settings: StandaloneSettings, database: Database) -> str:
    try:
        async with database.work() as work:
            today = work.now.date()
            event_id: UUID = await commands.create_event(
                work,
                {
                    "name": f"Jakarta Fun Run {today.year + 1}",
                    "slug": "jakarta-fun-run",
                    "description": None,
                    "event_date": today + timedelta(days=90),
                    "location": "Gelora Bung Karno, Jakarta",
                    "timezone": "Asia/Jakarta",
                    "is_active": True,
                    "brand_color": BRAND_COLOR,
                },
                by=_ACTOR,
            )
            for category in CATEGORIES:
                await commands.create_category(work, event_id, category_fields(category), by=_ACTOR)
    except SlugTaken:
        return "The example event is there already."
    has_poster = await add_poster(settings, database, event_id, by=_ACTOR)
    without = "" if has_poster else "; its poster is left out, as the pictures of this platform are elsewhere"
    return f"Created the example event {event_id} with {len(CATEGORIES)} categories{without}."
