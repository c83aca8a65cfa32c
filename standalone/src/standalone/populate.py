"""`startline populate N`: a made-up race with N registrations, for trying out large numbers.

All rows are generated in the database from a series of numbers, so that a million takes minutes. Only registration has
these people: the other services would learn of each by an event.
"""

import argparse
import asyncio
from collections.abc import Callable
from datetime import timedelta
from math import ceil
from typing import Any
from uuid import UUID

from chassis.database import Database, UnitOfWork
from registration.catalog import commands
from registration.catalog.errors import SlugTaken
from sqlalchemy import text

from standalone.databases import Server, open_database, reachable_server
from standalone.posters import add_poster
from standalone.seed import category_fields
from standalone.services import service_named
from standalone.settings import StandaloneSettings

_WAVES = 10
_BATCH = 10_000
_ACTOR = "operator"

# Of twenty registrations, spread evenly over all sizes.
_STATUSES = ["payment_verified"] * 13 + ["payment_uploaded"] * 2 + ["pending_payment"] * 3 + ["expired", "cancelled"]

_FIRST_NAMES = (
    "Budi Siti Agus Dewi Rizky Putri Andi Ayu Joko Rina Bayu Wulan Eko Sri Hendra Nur Dian Fajar Indah Gilang"
    " Ratna Yusuf Maya Arif Lina Doni Tari Iwan Nina Rudi Sari Adi Fitri Bambang Novi Hadi Intan Rama Citra Surya"
)
_MIDDLE_NAMES = (
    "Aditya Bagus Cahya Dwi Eka Firman Gita Hasan Ilham Jaya Kurnia Laksmi Mega Nugraha Oktavia Prima Qori Rahma"
    " Satria Tirta Utami Vina Wahyu Yoga Zahra Ardi Bima Candra Darma Elang Fauzi Guntur Hana Irawan Johan Kirana"
    " Lestari Maulana Nanda Permata"
)
_SYLLABLES = "ba da ga ha ja ka la ma na pa ra sa ta wa ya di ku lo mi su"

_WRITE = text("""
    WITH numbers AS (
        SELECT n, n / :waves AS k, c.id AS category_id, c.event_id, c.registration_prefix, c.price_individual,
               c.price_collective_5, c.price_collective_10, c.currency, s.next_bib, n / :total ::float8 AS share
          FROM generate_series(CAST(:first AS int), CAST(:last AS int)) AS n
          JOIN unnest(CAST(:categories AS uuid[])) WITH ORDINALITY AS wave(id, number) ON wave.number = n % :waves + 1
          JOIN race_categories c ON c.id = wave.id JOIN category_places s ON s.category_id = c.id
    ), sizes AS (
        SELECT *, CASE WHEN k * 37 % 100 < 95 THEN 1 WHEN k * 37 % 100 < 99 THEN 5 ELSE 10 END AS size,
               (CAST(:statuses AS text[]))[1 + (k * 7 + k / 100) % cardinality(:statuses)] AS status
          FROM numbers
    ), entries AS (
        SELECT *, gen_random_uuid() AS id, status IN ('pending_payment', 'payment_uploaded') AS waiting,
               status = 'payment_verified' AS verified, status NOT IN ('expired', 'cancelled') AS live,
               next_bib - size + sum(CASE WHEN status = 'payment_verified' THEN size ELSE 0 END)
                                 OVER (PARTITION BY category_id ORDER BY k) AS first_bib,
               CAST(:now AS timestamptz) - CASE WHEN status IN ('pending_payment', 'payment_uploaded')
                   THEN interval '1 hour' + interval '20 hours' * (1 - share)
                   ELSE interval '2 days' + interval '60 days' * (1 - share) END AS created_at
          FROM sizes
    ), registered AS (
        INSERT INTO registrations (id, event_id, race_category_id, registration_number, registration_type,
               total_participants, total_amount, currency, status, revision, access_version, expires_at,
               payment_seen_at, payment_id,
               payment_verified_at, expired_at, cancelled_at, created_at, updated_at)
        SELECT id, event_id, category_id,
               registration_prefix || '-' || lpad((k + 1)::text, greatest(5, length((k + 1)::text)), '0'),
               CASE size WHEN 1 THEN 'individual' WHEN 5 THEN 'collective_5' ELSE 'collective_10' END, size,
               size * CASE size WHEN 1 THEN price_individual WHEN 5 THEN price_collective_5
                                ELSE price_collective_10 END,
               currency, status, CASE status WHEN 'pending_payment' THEN 1 WHEN 'payment_verified' THEN 3 ELSE 2 END,
               1,
               created_at + interval '1 day',
               CASE WHEN verified OR status = 'payment_uploaded' THEN created_at + interval '10 minutes' END,
               CASE WHEN verified THEN gen_random_uuid() END,
               CASE WHEN verified THEN created_at + interval '1 hour' END,
               CASE WHEN status = 'expired' THEN created_at + interval '25 hours' END,
               CASE WHEN status = 'cancelled' THEN created_at + interval '1 hour' END,
               created_at, created_at + CASE WHEN waiting THEN interval '10 minutes' ELSE interval '25 hours' END
          FROM entries
    ), people AS (
        INSERT INTO participants (id, registration_id, event_id, position, person_key, live, bib_number, ticket_code,
               is_pic, full_name, email, whatsapp, gender, date_of_birth, jersey_size, emergency_contact_name,
               emergency_contact_phone, search_text)
        SELECT gen_random_uuid(), id, event_id, position,
               encode(sha256(convert_to('name:' || replace(lower(name), ' ', '') || '|' || born, 'UTF8')), 'hex'), live,
               CASE WHEN verified THEN first_bib + position END,
               CASE WHEN verified THEN replace(gen_random_uuid()::text, '-', '') END,
               position = 0, name, 'runner' || person || '@example.com', '6281' || lpad(person::text, 9, '0'),
               CASE WHEN person % 3 = 0 THEN 'female' ELSE 'male' END, born,
               (ARRAY['xs', 's', 'm', 'l', 'xl', 'xxl', 'xxxl'])[1 + person % 7], 'Keluarga ' || name,
               '6281200000000', lower(name)
          FROM entries, generate_series(0, size - 1) AS position,
               LATERAL (SELECT n::bigint * 10 + position AS person) AS counted,
               -- A prime step through all combinations: neighbours get different names, no name is repeated.
               LATERAL (SELECT person * 104729 % 256000000 AS mixed) AS scattered,
               LATERAL (
                   SELECT (string_to_array(:first_names, ' '))[1 + mixed / 6400000] || ' '
                          || (string_to_array(:middle_names, ' '))[1 + mixed / 160000 % 40] || ' '
                          || (SELECT initcap(string_agg((string_to_array(:syllables, ' '))[1 + mixed / step % 20], ''))
                                FROM unnest(ARRAY[8000, 400, 20, 1]) AS step) AS name,
                          date '1960-01-01' + CAST(mixed % 17000 AS int) AS born
               ) AS person_of
    )
    UPDATE category_places SET taken = taken + added.live, confirmed = confirmed + added.verified,
           next_bib = category_places.next_bib + added.verified, last_number = last_number + added.numbers
      FROM (
           SELECT category_id, sum(size) FILTER (WHERE live) AS live, count(*) AS numbers,
                  coalesce(sum(size) FILTER (WHERE verified), 0) AS verified
             FROM entries GROUP BY category_id
      ) AS added
     WHERE category_places.category_id = added.category_id
""")


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "registrations", type=int, metavar="N", help="how many; with groups among them, a quarter more participants"
    )


def run(settings: StandaloneSettings, arguments: argparse.Namespace) -> int:
    """Create the race. Return 1 if it exists already."""
    with reachable_server(settings) as server:
        return asyncio.run(_run(settings, server, arguments.registrations))


async def _run(settings: StandaloneSettings, server: Server, registrations: int) -> int:
    database = open_database(server, service_named("registration"))
    try:
        event_id = await populate(database, registrations, report=print)
        await add_poster(settings, database, event_id, by=_ACTOR)
    except SlugTaken:
        print("An event with that many registrations was made before.")
        return 1
    finally:
        await database.close()
    print(f"Created the event {event_id}. Only registration knows of its participants, so the doctor misses the rest.")
    return 0


async def populate(database: Database, registrations: int, *, report: Callable[[str], None]) -> UUID:
    """Create a race with that many registrations, in all statuses, and return its id.

    Of a hundred registrations four are groups of 5 and one is a group of 10.

    Args:
        report: called with a line about the progress.

    Raises:
        SlugTaken: the event exists already.
    """
    event_id, categories = await _open(database, registrations)
    for first in range(0, registrations, _BATCH):
        last = min(first + _BATCH, registrations) - 1
        async with database.work() as work:
            values = {"first": first, "last": last, "total": registrations, "now": work.now, "categories": categories}
            await work.session.execute(_WRITE, values | _WORDS)
        report(f"{last + 1} of {registrations} registrations")
    async with database.work() as work:
        await work.session.execute(text("ANALYZE registrations, participants"))
    return event_id


_WORDS: dict[str, Any] = {
    "waves": _WAVES,
    "statuses": _STATUSES,
    "first_names": _FIRST_NAMES,
    "middle_names": _MIDDLE_NAMES,
    "syllables": _SYLLABLES,
}


async def _open(database: Database, registrations: int) -> tuple[UUID, list[UUID]]:
    async with database.work() as work:
        event = {
            "name": f"A crowd of {registrations}",
            "slug": f"crowd-of-{registrations}",
            "description": None,
            "event_date": work.now.date() + timedelta(days=120),
            "location": "Gelora Bung Karno, Jakarta",
            "timezone": "Asia/Jakarta",
            "is_active": True,
        }
        event_id = await commands.create_event(work, event, by=_ACTOR)
        return event_id, [await _open_wave(work, event_id, wave, registrations) for wave in range(_WAVES)]


async def _open_wave(work: UnitOfWork, event_id: UUID, wave: int, registrations: int) -> UUID:
    places = _places(ceil(registrations / _WAVES))
    category = {
        "name": f"Wave {wave + 1}",
        "slug": f"wave-{wave + 1}",
        "distance": "10 km",
        "prefix": f"C{registrations}W{wave + 1}",
        "bibs": (wave * places + 1, (wave + 1) * places),
        "price": 200_000,
    }
    return await commands.create_category(work, event_id, category_fields(category), by=_ACTOR)


def _places(registrations: int) -> int:
    """Return enough places for all, also if the last hundred is incomplete and its groups come first."""
    return registrations * 5 // 4 + 25
