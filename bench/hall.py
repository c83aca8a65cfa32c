"""A hall where race packs are handed out: check-in's HTTP half, with a full roster and a device at a station."""

import asyncio
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import asyncpg
import httpx
from chassis.secrets import new_key
from standalone.populate import populate
from testkit.databases import plain
from testkit.tokens import Headers, Issuer

from bench.processes import Process, processes
from bench.staff import public_keys
from bench.stage import Stages, Violation, open_database, settle

RUNNERS = 20_000
PATH = "/api/checkin/v1"
PIN = "730461"

_APPLICATION = "checkin.service:SERVICE.create_app"
_REGISTRATIONS = 26_000  # of which enough are verified
_ENTRIES = """
    SELECT p.id AS participant_id, r.id AS registration_id, r.registration_number, r.revision, r.event_id,
           e.name AS event_name, c.id AS category_id, c.name AS category_name, p.full_name, p.bib_number,
           p.ticket_code, p.jersey_size, p.is_pic, p.search_text
      FROM participants p JOIN registrations r ON r.id = p.registration_id
      JOIN race_categories c ON c.id = r.race_category_id JOIN events e ON e.id = r.event_id
     WHERE r.event_id = $1 AND r.status = 'payment_verified' ORDER BY r.id, p.position LIMIT $2
"""
_PACKS = """
    SELECT (SELECT count(*) FROM checkins) AS "check-ins",
           (SELECT count(DISTINCT participant_id) FROM checkins WHERE undone_at IS NULL) AS "runners with their pack",
           (SELECT count(*) FROM scans WHERE conflict IS NOT NULL) AS conflicts
"""


@dataclass(frozen=True)
class Roster:
    """The runners of a race, as rows of check-in's table."""

    event_id: UUID
    entries: Sequence["asyncpg.Record"]

    def singles(self) -> Sequence["asyncpg.Record"]:
        """The runners who registered alone."""
        sizes = Counter(entry["registration_id"] for entry in self.entries)
        return [entry for entry in self.entries if sizes[entry["registration_id"]] == 1]

    def station(self) -> dict[str, Any]:
        """A station of the race, as it is sent to be opened."""
        return {"name": "Desk 1", "location_name": "Hall A", "pin_code": PIN, "event_id": str(self.event_id)}


def make_roster(stages: Stages) -> Roster:
    """The runners of a made-up race whose payments are verified."""
    with stages.new() as stage:
        return asyncio.run(_verified_runners(stage.url))


async def _verified_runners(url: str) -> Roster:
    database = open_database(url)
    event_id = await populate(database, _REGISTRATIONS, report=lambda _: None)
    await database.close()
    connection = await asyncpg.connect(plain(url))
    entries = await connection.fetch(_ENTRIES, event_id, RUNNERS)
    await connection.close()
    if len(entries) != RUNNERS:
        raise ValueError(f"{len(entries)} runners in {_REGISTRATIONS} registrations: make more")
    return Roster(event_id, entries)


async def fill(url: str, roster: Roster) -> None:
    """Write the roster, and the names of its race and categories, into a database of check-in."""
    races = {(entry["event_id"], entry["event_name"]) for entry in roster.entries}
    categories = {(entry["category_id"], entry["category_name"]) for entry in roster.entries}
    connection = await asyncpg.connect(plain(url))
    await connection.executemany("INSERT INTO races (id, name, revision) VALUES ($1, $2, 0)", races)
    await connection.executemany("INSERT INTO categories (id, name, revision) VALUES ($1, $2, 0)", categories)
    columns = list(roster.entries[0].keys())
    await connection.copy_records_to_table("roster", records=roster.entries, columns=columns)
    await connection.close()
    await settle(url)


@dataclass(frozen=True)
class Hall:
    """Check-in with a roster.

    Attributes:
        url: of its database, for SQLAlchemy.
        device: headers of a device that is logged in at a station of the race.
        tickets: codes of which each is scanned once.
    """

    url: str
    api: Process
    device: Headers
    tickets: Iterator[str]

    def client(self) -> httpx.Client:
        """Asks the API as the device does; the caller closes it."""
        return httpx.Client(base_url=f"{self.api.url}{PATH}", headers=self.device, timeout=60.0)


@contextmanager
def open_hall(stages: Stages, roster: Roster) -> Iterator[Hall]:
    """A hall on a database of its own, with one process of the API."""
    issuer = Issuer()
    with stages.database("checkin") as url, public_keys(issuer) as jwks_url:
        asyncio.run(fill(url, roster))
        with processes(_APPLICATION, _environment(url, jwks_url)) as [api]:
            device = _logged_in(api, issuer.staff(), roster)
            yield Hall(url, api, device, iter([entry["ticket_code"] for entry in roster.entries]))


def _environment(url: str, jwks_url: str) -> dict[str, str]:
    return {
        "DATABASE_URL": url,
        "BROKER_URL": "amqp://unused",
        "SECRET_KEYS": new_key(),
        "STAFF_JWKS_URL": jwks_url,
        "LOG_LEVEL": "ERROR",
    }


def _logged_in(api: Process, staff: Headers, roster: Roster) -> Headers:
    with httpx.Client(base_url=f"{api.url}{PATH}", timeout=60.0) as http:
        opened = http.post("/stations", json=roster.station(), headers=staff).raise_for_status()
        login = {"pin_code": PIN, "device_name": "Phone"}
        found = http.post(f"/stations/{opened.json()['id']}/login", json=login).raise_for_status()
    return {"Authorization": f"Bearer {found.json()['device_token']}"}


async def check_packs(url: str, *, accepted: int) -> None:
    """Each accepted scan must be one check-in of a runner of its own.

    Raises:
        Violation: saying what differs.
    """
    connection = await asyncpg.connect(plain(url))
    found = dict(await connection.fetchrow(_PACKS))
    await connection.close()
    if found != {"check-ins": accepted, "runners with their pack": accepted, "conflicts": 0}:
        raise Violation(f"{accepted} scans were accepted, and there are {found}")
