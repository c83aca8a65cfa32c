"""The doctor sees each fault that is planted, and nothing where there is none."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from contracts.topology import Names
from standalone.databases import Server, drop_databases
from standalone.doctor.broker import Broker
from standalone.doctor.command import as_text, diagnose
from standalone.doctor.findings import Diagnosis
from standalone.journey.client import Site
from standalone.journey.process import OWNER_EMAIL, PlatformProcess
from standalone.journey.story import Demand, Story
from testkit.servers import Server as FoundServer

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

DEMANDS = (Demand(quota=7, singles=2, fives=1), Demand(quota=2, singles=2), Demand(quota=1, singles=2))


@pytest.fixture(scope="module")
def played(postgres_server: FoundServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """The databases of a platform on which a whole race was played, and which has stopped."""
    server = Server(postgres_server.url, f"doctor_{uuid4().hex[:8]}_")
    asyncio.run(_play(server, tmp_path_factory.mktemp("platform")))
    yield server
    asyncio.run(drop_databases(server))


async def _play(server: Server, folder: Path) -> None:
    environment = {
        "DATABASE_URL": server.url,
        "STARTLINE_DATABASE_PREFIX": server.prefix,
        "BROKER_URL": "",
        "HOUR_SECONDS": "12",
        "EXPIRY_GRACE_MINUTES": "0",
        "EXPIRY_SWEEP_SECONDS": "0.5",
    }
    async with PlatformProcess(folder, environment=environment) as platform, Site(platform.url) as site:
        await Story(site, (OWNER_EMAIL, platform.owner_password), lambda _: None).play(DEMANDS)


@contextlib.asynccontextmanager
async def _planted(server: Server, service: str, fault: str, mend: str) -> AsyncIterator[None]:
    connection = await asyncpg.connect(server.url_of(service).replace("+asyncpg", ""))
    try:
        await connection.execute(fault)
        yield
    finally:
        await connection.execute(mend)
        await connection.close()


_ONE_CONFIRMED = "(SELECT id FROM registrations WHERE status = 'payment_verified' ORDER BY id LIMIT 1)"
_ONE_INVOICE = "(SELECT registration_id FROM invoices WHERE status = 'paid' ORDER BY registration_id LIMIT 1)"
_ONE_RUNNER = "(SELECT participant_id FROM roster ORDER BY participant_id LIMIT 1)"

_ONE_EXPIRED = "(SELECT id FROM registrations WHERE status = 'expired' LIMIT 1)"
_ONE_WRITTEN_TO = "(SELECT registration_id FROM contacts WHERE stage = 'confirmed' LIMIT 1)"
_ONE_SENT = "(SELECT id FROM notifications WHERE status = 'sent' LIMIT 1)"
_KEPT = "CREATE TABLE kept AS SELECT id, payment_id FROM registrations"
_RESTORED = "UPDATE registrations r SET payment_id = k.payment_id FROM kept k WHERE k.id = r.id; DROP TABLE kept"

_ONE_DEAD_LETTER = (
    "INSERT INTO dead_letters (original_id, queue, payload, deliveries_count, created_at, failure_reason)"
    " VALUES (0, 'retries', '{}', 1, now(), 'rejected')"
)
_NOT_TOMORROW = (
    "DO $$ BEGIN EXECUTE 'DROP TABLE sent_events_' || to_char((now() AT TIME ZONE 'UTC')::date + 1, 'YYYYMMDD'); END $$"
)

FAULTS = [
    (
        "places_differ",
        "registration",
        "UPDATE category_places SET burned = burned + 1, confirmed = confirmed - 1 WHERE quota = 7",
        "UPDATE category_places SET burned = burned - 1, confirmed = confirmed + 1 WHERE quota = 7",
    ),
    (
        "counts_differ",
        "registration",
        "UPDATE registration_counts SET amount = amount + 1 WHERE id = (SELECT min(id) FROM registration_counts)",
        "UPDATE registration_counts SET amount = amount - 1 WHERE id = (SELECT min(id) FROM registration_counts)",
    ),
    (
        "counts_differ",
        "checkin",
        "UPDATE pack_counts SET live = live + 1 WHERE id = (SELECT min(id) FROM pack_counts)",
        "UPDATE pack_counts SET live = live - 1 WHERE id = (SELECT min(id) FROM pack_counts)",
    ),
    (
        "participants_differ",
        "registration",
        f"UPDATE participants SET live = false WHERE registration_id = {_ONE_CONFIRMED}",
        f"UPDATE participants SET live = true WHERE registration_id = {_ONE_CONFIRMED}",
    ),
    (
        "amount_differs",
        "payment",
        f"UPDATE invoices SET amount = amount + 1 WHERE registration_id = {_ONE_INVOICE}",
        f"UPDATE invoices SET amount = amount - 1 WHERE registration_id = {_ONE_INVOICE}",
    ),
    (
        "bib_differs",
        "checkin",
        f"UPDATE roster SET bib_number = bib_number + 500000 WHERE participant_id = {_ONE_RUNNER}",
        f"UPDATE roster SET bib_number = bib_number - 500000 WHERE participant_id = {_ONE_RUNNER}",
    ),
    (
        "roster_missing",
        "checkin",
        f"UPDATE roster SET cancelled_at = now() WHERE participant_id = {_ONE_RUNNER}",
        f"UPDATE roster SET cancelled_at = NULL WHERE participant_id = {_ONE_RUNNER}",
    ),
    (
        "set_aside",
        "registration",
        "INSERT INTO set_aside SELECT 'expiry', id, 'IntegrityError', now(), now() FROM registrations LIMIT 1",
        "DELETE FROM set_aside",
    ),
    (
        "set_aside",
        "notification",
        "INSERT INTO set_aside SELECT 'announce_changes', event_id, 'KeyError', now(), now() FROM races LIMIT 1",
        "DELETE FROM set_aside",
    ),
    (
        "news_unheard",
        "registration",
        f"UPDATE registrations SET payment_sequence = payment_sequence - 1 WHERE id = {_ONE_CONFIRMED}",
        f"UPDATE registrations SET payment_sequence = payment_sequence + 1 WHERE id = {_ONE_CONFIRMED}",
    ),
    (
        "expiry_stuck",
        "registration",
        (
            f"UPDATE registrations SET status = 'pending_payment', expires_at = expires_at - interval '9 days'"
            f" WHERE id = {_ONE_EXPIRED}"
        ),
        (
            "UPDATE registrations SET status = 'expired', expires_at = expires_at + interval '9 days'"
            " WHERE status = 'pending_payment'"
        ),
    ),
    (
        "paid_without_place",
        "registration",
        f"{_KEPT}; UPDATE registrations SET payment_id = gen_random_uuid() WHERE id = {_ONE_CONFIRMED}",
        _RESTORED,
    ),
    (
        "refund_not_told",
        "payment",
        (
            "INSERT INTO refunds (payment_id, reason, due_at)"
            " SELECT id, 'planted', now() FROM payments WHERE status = 'verified' LIMIT 1"
        ),
        "DELETE FROM refunds WHERE reason = 'planted'",
    ),
    (
        "contact_differs",
        "notification",
        f"UPDATE contacts SET stage = 'created' WHERE registration_id = {_ONE_WRITTEN_TO}",
        "UPDATE contacts SET stage = 'confirmed' WHERE stage = 'created'",
    ),
    (
        "messages_stuck",
        "notification",
        (
            "UPDATE notifications SET status = 'sending', lease = gen_random_uuid(), leased_until = now()"
            f" WHERE id = {_ONE_SENT}"
        ),
        "UPDATE notifications SET status = 'sent', lease = NULL, leased_until = NULL WHERE status = 'sending'",
    ),
    (
        "outage_unsettled",
        "payment",
        (
            "INSERT INTO outages (began_at, ended_at, moved_until, settled) VALUES (now() - interval '2 hours',"
            " now() - interval '1 hour', '00000000-0000-0000-0000-000000000000', false)"
        ),
        "DELETE FROM outages WHERE NOT settled",
    ),
    (
        "outbox_stuck",
        "payment",
        "INSERT INTO outbox (queue, payload, created_at) VALUES ('events', '{}', now() - interval '1 hour')",
        "DELETE FROM outbox",
    ),
    (
        "retry_stuck",
        "notification",
        "INSERT INTO event_retries (queue, payload, created_at) VALUES ('retries', '{}', now() - interval '1 hour')",
        "DELETE FROM event_retries",
    ),
    (
        "dead_letters",
        "registration",
        _ONE_DEAD_LETTER,
        "DELETE FROM dead_letters",
    ),
    ("sent_events_not_kept", "checkin", _NOT_TOMORROW, "SELECT make_sent_events_partitions()"),
    (
        "forged_events",
        "payment",
        _ONE_DEAD_LETTER.replace("rejected", "forged"),
        "DELETE FROM dead_letters",
    ),
]


async def test_a_race_that_was_played_is_healthy(played: Server) -> None:
    diagnosis = await diagnose(played, wait=0)
    assert diagnosis.ok, as_text(diagnosis)
    assert diagnosis.counts["registrations_payment_verified"] == diagnosis.counts["registrations"] - 1
    assert diagnosis.counts["roster"] == diagnosis.counts["checked_in"] > 0


@pytest.mark.parametrize(("code", "service", "fault", "mend"), FAULTS, ids=[fault[0] for fault in FAULTS])
async def test_a_planted_fault_is_found(played: Server, code: str, service: str, fault: str, mend: str) -> None:
    async with _planted(played, service, fault, mend):
        diagnosis = await diagnose(played, wait=0)
    assert code in {finding.code for finding in diagnosis.findings}, as_text(diagnosis)
    assert not diagnosis.ok
    healthy = await diagnose(played, wait=0)
    assert healthy.ok, as_text(healthy)


_OPEN_AGAIN = {
    "registration": (
        "UPDATE registrations SET status = 'pending_payment', expires_at = '2100-01-01Z' WHERE status = 'expired'",
        "UPDATE registrations SET status = 'expired', expires_at = now() WHERE status = 'pending_payment'",
    ),
    "payment": (
        (
            "UPDATE invoices SET status = 'open', registration_ended = NULL, expires_at = '2100-01-01Z'"
            " WHERE registration_ended = 'expired'"
        ),
        (
            "UPDATE invoices SET status = 'paid', registration_ended = 'expired', expires_at = now()"
            " WHERE status = 'open'"
        ),
    ),
    "notification": (
        "UPDATE contacts SET stage = 'created', expires_at = '2100-01-01Z' WHERE stage = 'expired'",
        "UPDATE contacts SET stage = 'expired', expires_at = now() WHERE stage = 'created'",
    ),
}


@pytest.mark.parametrize("late", [None, *_OPEN_AGAIN])
async def test_a_deadline_that_one_service_did_not_move_is_found(played: Server, late: str | None) -> None:
    """The expired registration waits for its payment again."""
    async with contextlib.AsyncExitStack() as planted:
        for service, (fault, mend) in _OPEN_AGAIN.items():
            moved = fault.replace("2100-01-01", "2099-12-31") if service == late else fault
            await planted.enter_async_context(_planted(played, service, moved, mend))
        diagnosis = await diagnose(played, wait=0)

    found = [finding.detail for finding in diagnosis.findings if finding.code == "deadline_differs"]
    compared = {None: 0, "registration": 2, "payment": 1, "notification": 1}
    assert len(found) == compared[late]
    assert all("2099-12-31" in detail for detail in found)


_OFFER = """
    INSERT INTO waitlist_entries (id, event_id, race_category_id, registration_type, total_participants, status,
                                  revision, offered_at, offer_expires_at, created_at, updated_at)
    SELECT '{id}', event_id, id, 'individual', 1, 'withdrawn', 1, now(), now(), now(), now()
      FROM race_categories LIMIT 1
"""
_OFFERED = """
    INSERT INTO contacts (registration_id, event_name, event_date, event_location, category_name, total_amount,
                          currency, expires_at, stage, revision, created_at)
    SELECT '{id}', event_name, event_date, event_location, category_name, total_amount, currency, now(), 'waiting', 0,
           now() FROM contacts LIMIT 1
"""


_NO_CODES = "DELETE FROM unpublished_codes"


async def test_an_offer_whose_end_notification_missed_is_found_and_published_again(played: Server) -> None:
    offer = str(uuid4())
    ended = (
        _OFFER.format(id=offer),
        f"DELETE FROM waitlist_entries WHERE id = '{offer}'; DELETE FROM outbox; {_NO_CODES}",
    )
    believed = _OFFERED.format(id=offer), f"DELETE FROM contacts WHERE registration_id = '{offer}'"
    async with _planted(played, "registration", *ended), _planted(played, "notification", *believed):
        diagnosis = await diagnose(played, wait=0, mend=True)

    [finding] = diagnosis.findings
    assert (finding.code, str(finding.where["registration_id"])) == ("offer_differs", offer)
    assert diagnosis.counts["published_again_by_registration"] == 1
    healthy = await diagnose(played, wait=0)
    assert healthy.ok, as_text(healthy)


async def test_a_registration_that_cannot_be_published_again_does_not_stop_the_others(played: Server) -> None:
    """One has lost a BIB, by hand, and check-in has lost everybody."""
    one = "(SELECT id FROM given ORDER BY id LIMIT 1)"
    unnumbered = f"UPDATE participants SET bib_number = NULL, ticket_code = NULL WHERE id = {one}"
    given = "CREATE TABLE given AS SELECT id, bib_number, ticket_code FROM participants WHERE bib_number IS NOT NULL"
    numbered = "UPDATE participants p SET (bib_number, ticket_code) = (g.bib_number, g.ticket_code) FROM given g"
    empty = "UPDATE roster SET cancelled_at = now()", "UPDATE roster SET cancelled_at = NULL"
    mend = f"{numbered} WHERE g.id = p.id; DROP TABLE given; DELETE FROM outbox"
    async with _planted(played, "registration", f"{given}; {unnumbered}", mend), _planted(played, "checkin", *empty):
        diagnosis = await diagnose(played, wait=0, mend=True)

    [failed] = [finding for finding in diagnosis.findings if finding.code == "not_published_again"]
    confirmed = diagnosis.counts["registrations_payment_verified"]
    assert diagnosis.counts["published_again_by_registration"] == confirmed - 1
    assert failed.where["service"] == "registration"
    healthy = await diagnose(played, wait=0)
    assert healthy.ok, as_text(healthy)


async def test_a_repair_that_could_not_declare_at_the_broker_says_so(played: Server) -> None:
    away = Broker("amqp://guest:guest@127.0.0.1:9/", Names("away."))
    diagnosis = await diagnose(played, wait=0, broker=away, mend=True)
    assert {"broker_unreachable", "broker_not_declared"} == {finding.code for finding in diagnosis.findings}
    unmended = await diagnose(played, wait=0, broker=away)
    assert {finding.code for finding in unmended.findings} == {"broker_unreachable"}


class WithoutCheckin(Server):
    """A server on which the database of one service cannot be reached."""

    def url_of(self, service: str) -> str:
        """Return the URL of a service's database; for this one, of a port on which nothing listens."""
        return "postgresql+asyncpg://127.0.0.1:1/none" if service == "checkin" else super().url_of(service)


async def test_a_database_that_does_not_answer_is_found_and_ends_no_examination(played: Server) -> None:
    diagnosis = await diagnose(WithoutCheckin(played.url, played.prefix), wait=0, mend=True)
    found = [(each.code, each.where) for each in diagnosis.findings]
    assert found == [("database_unreachable", {"service": "checkin"})]


async def test_the_doctor_looks_again_while_something_may_be_under_way(played: Server) -> None:
    code, service, fault, mend = FAULTS[-1]
    connection = await asyncpg.connect(played.url_of(service).replace("+asyncpg", ""))
    await connection.execute(fault)
    looking = asyncio.create_task(diagnose(played, wait=20))
    await asyncio.sleep(1.5)
    assert not looking.done(), code
    await connection.execute(mend)
    await connection.close()
    assert (await looking).ok


_FAILED = (
    "UPDATE notifications SET status = '{status}', failed_reason = 'planted' WHERE id ="
    " (SELECT id FROM notifications WHERE event_type = 'registration.confirmed' AND status IN ('sent', 'delivered')"
    " ORDER BY id LIMIT 1)"
)
_MENDED = "UPDATE notifications SET status = 'sent', failed_reason = NULL WHERE failed_reason = 'planted'"
_IN_TROUBLE = (
    "UPDATE senders SET troubles = 1, trouble = 'planted', trouble_since = now(), paused_at = now(),"
    " paused_until = now() + interval '1 minute' WHERE channel = 'email'"
)
_RECOVERED = (
    "UPDATE senders SET troubles = 0, trouble = NULL, trouble_since = NULL, paused_at = NULL, paused_until = NULL"
    " WHERE channel = 'email'"
)

WARNINGS = [
    ("messages_failed", _FAILED.format(status="failed"), _MENDED),
    ("messages_unknown", _FAILED.format(status="unknown"), _MENDED),
    ("channel_is_failing", _IN_TROUBLE, _RECOVERED),
]


@pytest.mark.parametrize(("code", "fault", "mend"), WARNINGS, ids=[warning[0] for warning in WARNINGS])
async def test_what_did_not_reach_a_runner_is_a_warning(played: Server, code: str, fault: str, mend: str) -> None:
    async with _planted(played, "notification", fault, mend):
        diagnosis = await diagnose(played, wait=0)
    assert [warning.code for warning in diagnosis.warnings] == [code]
    assert diagnosis.ok
    text = as_text(diagnosis)
    assert text.startswith("All services agree.\n1 warnings:\n")
    assert "nothing is stuck" not in text
    assert diagnosis.as_json()["warnings"][0]["code"] == code


def test_ids_are_told_as_people_copy_them() -> None:
    diagnosis, registration_id = Diagnosis(), uuid4()
    diagnosis.found("invoice_missing", "a registration has no invoice", registration_id=registration_id, place=3)
    expected = f"  invoice_missing: a registration has no invoice (registration_id={registration_id}, place=3)"
    assert expected in as_text(diagnosis).splitlines()
