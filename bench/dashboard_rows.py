"""Rows of a race with a million registrations, as payment, notification and check-in have them."""

from collections.abc import Mapping, Sequence
from typing import Final

import asyncpg
from testkit.databases import plain

from bench.stage import settle

REGISTRATIONS: Final = 1_000_000
EVENT: Final = "00000000-0000-4000-8000-0000000000e1"

# Ten categories; of twenty registrations 13 are verified, 2 wait for staff, 3 for money, and 2 have ended.
_FUNCTIONS: Final = """
    CREATE FUNCTION pg_temp.id(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
        RETURN ('00000000-0000-4000-9000-' || lpad(to_hex(n), 12, '0'))::uuid;
    CREATE FUNCTION pg_temp.category(n bigint) RETURNS uuid LANGUAGE sql IMMUTABLE
        RETURN ('00000000-0000-4000-8000-' || lpad(to_hex(256 + n % 10), 12, '0'))::uuid;
    CREATE FUNCTION pg_temp.made_at(n bigint) RETURNS timestamptz LANGUAGE sql STABLE
        RETURN now() - interval '60 days' * (n / :rows ::float8) - interval '1 hour';
"""
_PROCESSED: Final = """
    INSERT INTO processed_events (event_id, type, processed_at)
    SELECT gen_random_uuid(), (ARRAY['registration.created', 'registration.confirmed'])[1 + n % 2],
           now() - interval '30 days' * (n / :rows ::float8) FROM generate_series(1, :rows) AS n
"""

_PAYMENT: Final = (
    "INSERT INTO races (event_id, name, timezone, revision) VALUES (':event', 'Bench', 'Asia/Jakarta', 1)",
    # The race of each payment is written here: the trigger that copies it would look up each invoice.
    "ALTER TABLE payments DISABLE TRIGGER payments_copy_race",
    """
    INSERT INTO invoices (registration_id, registration_number, payer_name, amount, currency, status, expires_at,
                          revision, event_id, category_id, registration_type, created_at, updated_at,
                          registration_ended)
    SELECT pg_temp.id(n), 'FR-' || n, 'Runner ' || n, 150000, 'IDR',
           CASE WHEN n % 20 < 13 THEN 'paid' WHEN n % 20 < 15 THEN 'proof_uploaded' WHEN n % 20 < 18 THEN 'open'
                WHEN n % 20 = 18 THEN 'expired' ELSE 'cancelled' END,
           pg_temp.made_at(n) + interval '1 day', 1, ':event', pg_temp.category(n), 'individual',
           pg_temp.made_at(n), pg_temp.made_at(n),
           CASE WHEN n % 20 = 18 THEN 'expired' WHEN n % 20 = 19 THEN 'cancelled' END
      FROM generate_series(1, :rows) AS n
    """,
    """
    INSERT INTO payments (id, registration_id, status, amount, currency, payment_method, payment_date, channel, source,
                          payment_proof_path, proof_content_type, proof_sha256, uploaded_at, verified_at, verified_by,
                          booked, event_id, category_id, registration_type)
    SELECT pg_temp.id(n), pg_temp.id(n), CASE WHEN n % 20 < 13 THEN 'verified' ELSE 'uploaded' END, 150000,
           'IDR', CASE WHEN n % 3 = 0 THEN 'qris' ELSE 'bank_transfer' END, pg_temp.made_at(n), 'proof', NULL,
           'proofs/' || n, 'image/jpeg', lpad(to_hex(n), 64, '0'), pg_temp.made_at(n),
           CASE WHEN n % 20 < 13 THEN pg_temp.made_at(n) + interval '1 hour' END,
           CASE WHEN n % 20 < 13 THEN pg_temp.id(1) END, true, ':event', pg_temp.category(n), 'individual'
      FROM generate_series(1, :rows) AS n WHERE n % 20 < 15
    """,
    "ALTER TABLE payments ENABLE TRIGGER payments_copy_race",
    # Of a hundred payments one goes back; of five of those one is due.
    """
    INSERT INTO refunds (id, payment_id, amount, reason, origin, state, due_at, done_at, done_by, reference, booked)
    SELECT id, id, amount, 'cancelled', 'event', CASE WHEN n % 5 = 0 THEN 'due' ELSE 'done' END, verified_at,
           CASE WHEN n % 5 > 0 THEN verified_at END, CASE WHEN n % 5 > 0 THEN id END,
           CASE WHEN n % 5 > 0 THEN 'BCA ' || n END, true
      FROM (SELECT *, row_number() OVER () AS n FROM payments WHERE status = 'verified' LIMIT :rows / 100) AS paid
    """,
    """
    INSERT INTO unassigned_money (id, source, kind, state, settled, channel, payment_method, amount, currency,
                                  received_at, created_at, decided_at, decided_by, reason, refunded_at, refunded_by,
                                  refund_reference)
    SELECT gen_random_uuid(), 'line:' || n, 'unknown', state, state = 'refunded', 'statement', 'bank_transfer', 150000,
           'IDR', now() - n * interval '1 minute', now(), decided_at, decided_by, reason, refunded_at, refunded_by,
           CASE WHEN refunded_at IS NOT NULL THEN 'BCA' END
      FROM generate_series(1, :rows / 100) AS n,
           LATERAL (SELECT CASE WHEN n % 10 = 0 THEN 'open' WHEN n % 10 = 1 THEN 'refund_due' ELSE 'refunded' END
                        AS state) AS of_it,
           LATERAL (SELECT CASE WHEN state <> 'open' THEN now() END AS decided_at,
                           CASE WHEN state <> 'open' THEN gen_random_uuid() END AS decided_by,
                           CASE WHEN state <> 'open' THEN 'x' END AS reason,
                           CASE WHEN state = 'refunded' THEN now() END AS refunded_at,
                           CASE WHEN state = 'refunded' THEN gen_random_uuid() END AS refunded_by) AS decided
    """,
    """
    INSERT INTO reconciliations (date, timezone, ran_at, differences, figures)
    SELECT current_date - n, 'Asia/Jakarta', now() - n * interval '1 day', 0, '[]' FROM generate_series(1, 365) AS n
    """,
    _PROCESSED,
)

# Four messages of a registration: how to pay and the ticket, on two channels.
_NOTIFICATION: Final = (
    """
    INSERT INTO races (event_id, name, event_date, location, timezone, revision, updated_at)
    VALUES (':event', 'Bench', current_date + 90, 'here', 'Asia/Jakarta', 1, now())
    """,
    """
    INSERT INTO contacts (registration_id, registration_number, event_id, category_id, event_name, event_date,
                          event_location, category_name, total_amount, currency, expires_at, stage, revision,
                          created_at)
    SELECT pg_temp.id(n), 'FR-' || n, ':event', pg_temp.category(n), 'Bench', current_date + 90, 'here', '5K', 150000,
           'IDR', pg_temp.made_at(n) + interval '1 day', 'confirmed', 3, pg_temp.made_at(n)
      FROM generate_series(1, :rows / 4) AS n
    """,
    """
    INSERT INTO contact_participants (participant_id, registration_id, full_name, email, whatsapp, is_pic, bib_number,
                                      ticket_code, unreadable)
    SELECT pg_temp.id(n), pg_temp.id(n), 'Runner ' || n, 'runner' || n || '@example.com', '628' || n, true, n,
           lpad(to_hex(n), 32, '0'), '{}' FROM generate_series(1, :rows / 4) AS n
    """,
    # Of two hundred messages one failed, of a thousand one may not have arrived, and of twenty one was outdated.
    """
    INSERT INTO notifications (id, dedupe_key, registration_id, participant_id, channel, event_type, priority, status,
                               context, next_attempt_at, deadline, failed_reason, sent_at, created_at, updated_at)
    SELECT gen_random_uuid(), 'bench:' || n, whose, whose, channel, event_type, 10, status, '{}', at,
           at + interval '150 days', CASE WHEN status IN ('failed', 'unknown', 'skipped') THEN 'x' END,
           CASE WHEN status IN ('sent', 'delivered') THEN at END, at, at
      FROM generate_series(1, :rows) AS n,
           LATERAL (SELECT pg_temp.id(1 + n / 4 % (:rows / 4)) AS whose,
                           CASE WHEN n % 2 = 0 THEN 'email' ELSE 'whatsapp' END AS channel,
                           CASE WHEN n % 4 < 2 THEN 'registration.created' ELSE 'registration.confirmed' END
                               AS event_type,
                           CASE WHEN n % 1000 = 7 THEN 'unknown' WHEN n % 200 = 6 THEN 'failed'
                                WHEN n % 40 IN (0, 1) THEN 'skipped' WHEN n % 2 = 0 THEN 'sent' ELSE 'delivered' END
                               AS status,
                           pg_temp.made_at(n) AS at) AS of_it
    """,
    _PROCESSED,
)

# Forty stations hand out seven of ten packs on three days. Of a hundred participants one is cancelled, few with a pack.
_CHECKIN: Final = (
    "INSERT INTO races (id, name, revision) VALUES (':event', 'Bench', 1)",
    """
    INSERT INTO stations (id, name, location_name, event_id, pin_hash, pin_changed_at, is_active, created_at,
                          updated_at)
    SELECT pg_temp.id(n), 'Desk ' || n, 'Hall', ':event', 'x', now(), true, now(), now()
      FROM generate_series(1, 40) AS n
    """,
    """
    INSERT INTO devices (id, station_id, name, created_at, expires_at)
    SELECT pg_temp.id(n), pg_temp.id(n), 'Phone', now(), now() + interval '1 day'
      FROM generate_series(1, 40) AS n
    """,
    "ALTER TABLE roster DISABLE TRIGGER roster_changed",
    "ALTER TABLE checkins DISABLE TRIGGER checkins_changed",
    """
    INSERT INTO roster (participant_id, registration_id, registration_number, revision, event_id, event_name,
                        category_id, category_name, full_name, bib_number, ticket_code, jersey_size, is_pic,
                        cancelled_at, search_text)
    SELECT pg_temp.id(n), pg_temp.id(n), 'FR-' || n, 3, ':event', 'Bench', pg_temp.category(n), 'H' || n % 10,
           'Runner ' || n, n, lpad(to_hex(n), 32, '0'), 'm', true,
           CASE WHEN n % 100 = 99 OR n % 50000 = 0 THEN now() END, 'runner ' || n
      FROM generate_series(1, :rows) AS n
    """,
    """
    INSERT INTO checkins (id, participant_id, registration_id, station_id, device_id, station_name, location_name,
                          checked_in_at)
    SELECT gen_random_uuid(), pg_temp.id(n), pg_temp.id(n), pg_temp.id(1 + n % 40),
           pg_temp.id(1 + n % 40), 'Desk ' || 1 + n % 40, 'Hall',
           now() - (n % 3) * interval '1 day' - interval '10 hours' * (n / :rows ::float8)
      FROM generate_series(1, :rows) AS n WHERE n % 10 < 7
    """,
    "ALTER TABLE roster ENABLE TRIGGER roster_changed",
    "ALTER TABLE checkins ENABLE TRIGGER checkins_changed",
    # Of a tenth of the packs another device scanned the ticket, too; of those one in a thousand was not looked at.
    """
    INSERT INTO scans (id, device_id, key, station_id, station_name, location_name, participant_id, scanned_at,
                       received_at, result, conflict, resolved_at, resolved_by, resolution)
    SELECT gen_random_uuid(), pg_temp.id(1 + n % 40), 'k' || n, pg_temp.id(1 + n % 40), 'Desk', 'Hall',
           pg_temp.id(n), now(), now() - n * interval '1 second', 'conflict', 'handed_out_twice',
           CASE WHEN n % 1000 > 0 THEN now() END, CASE WHEN n % 1000 > 0 THEN 'staff:x' END,
           CASE WHEN n % 1000 > 0 THEN 'x' END
      FROM generate_series(1, :rows / 10) AS n
    """,
    _PROCESSED,
)
_ROWS: Final[Mapping[str, Sequence[str]]] = {"payment": _PAYMENT, "notification": _NOTIFICATION, "checkin": _CHECKIN}


async def fill(url: str, service: str, rows: int = REGISTRATIONS) -> None:
    """Write the rows of a service into its empty database."""
    connection = await asyncpg.connect(plain(url), timeout=60)
    for statement in (_FUNCTIONS, *_ROWS[service]):
        await connection.execute(statement.replace(":rows", str(rows)).replace(":event", EVENT))
    await connection.close()
    await settle(url)
