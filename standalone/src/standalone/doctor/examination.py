"""One examination of all services."""

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack

from chassis.aside import all_aside
from chassis.database import Database, is_unavailable
from chassis.health import LATE_OUTBOX_SECONDS, LATE_RETRY_SECONDS, database_answers, lateness
from chassis.queues import given_up
from chassis.retries import refused_dead_letters
from chassis.senders import Refusal
from chassis.sent_events.partitions import days_ahead
from checkin import consistency as roster
from notification import consistency as contacts
from payment import consistency as money
from payment.ledger import consistency as ledger
from payment.usdt.pay import consistency as usdt
from registration import consistency as entries
from sqlalchemy.ext.asyncio import AsyncSession

from standalone.doctor.alignment import Stream
from standalone.doctor.comparison import compare
from standalone.doctor.findings import Diagnosis

Databases = Mapping[str, Database]

_GIVEN_UP = {"failed": "were given up", "unknown": "may not have arrived"}


async def examine(databases: Databases) -> Diagnosis:
    """Examine every service once. On a busy platform some findings are only events on their way: examine again.

    If a database does not answer, only this is found, since services are compared with each other.
    """
    try:
        return await _examine(databases)
    except Exception as error:
        if not is_unavailable(error):
            raise
        return await _unreachable(databases, type(error).__name__)


async def _unreachable(databases: Databases, reason: str) -> Diagnosis:
    diagnosis = Diagnosis()
    answers = await asyncio.gather(*(database_answers(each) for each in databases.values()))
    silent = [name for name, answered in zip(databases, answers, strict=True) if not answered]
    for service in silent:
        diagnosis.found("database_unreachable", f"its database does not answer: {reason}", service=service)
    if not silent:
        diagnosis.found("database_unreachable", f"a database did not answer for a moment: {reason}")
    return diagnosis


async def _examine(databases: Databases) -> Diagnosis:
    diagnosis = Diagnosis()
    await _registration(diagnosis, databases["registration"])
    await _payment(diagnosis, databases["payment"])
    await _packs(diagnosis, databases["checkin"])
    await _across(diagnosis, databases)
    await _offers(diagnosis, databases)
    await _messages(diagnosis, databases["notification"])
    for database in databases.values():
        await _set_aside(diagnosis, database)
        await _messaging(diagnosis, database)
        await _sent_events(diagnosis, database)
    return diagnosis


async def _registration(diagnosis: Diagnosis, database: Database) -> None:
    async with database.read() as session:
        for row in await entries.wrong_places(session):
            detail = (
                f"quota {row.quota}, taken {row.taken} (burned {row.burned}, offered {row.offered}), live {row.live},"
                f" open offers {row.open}; confirmed {row.confirmed}, with BIB {row.numbered}"
            )
            diagnosis.found("places_differ", detail, category_id=row.id, category=row.name)
        for row in await entries.wrong_counts(session):
            detail = f"statistics show {row.counted} that are {row.status}, there are {row.there}"
            diagnosis.found("counts_differ", detail, category_id=row.race_category_id)
        for row in await entries.wrong_timeline(session):
            detail = f"the timeline shows {row.registered} too many registered and {row.verified} too many verified"
            diagnosis.found("counts_differ", detail, category_id=row.race_category_id)
        for row in await entries.wrong_people_counts(session):
            detail = f"the report of participants differs by {row.difference}"
            diagnosis.found("counts_differ", detail, category_id=row.race_category_id)
        for row in await entries.wrong_people(session):
            detail = f"participants do not fit a registration that is {row.status}"
            diagnosis.found("participants_differ", detail, registration_number=row.registration_number)
        for row in await entries.wrong_uses(session):
            detail = f"a promo code or price phase counts {row.counted} uses, there are {row.uses}"
            diagnosis.found("uses_differ", detail, category_id=row.category_id, counter_id=row.id)
        for row in await entries.overdue(session):
            detail = "should have expired hours ago; deadlines wait while payment does not answer"
            diagnosis.found("expiry_stuck", detail, registration_number=row.registration_number)


async def _payment(diagnosis: Diagnosis, database: Database) -> None:
    async with database.read() as session:
        for ended_at in await money.unsettled_outages(session):
            detail = f"deadlines were not moved by the outage that ended at {ended_at:%Y-%m-%d %H:%M:%S} UTC"
            diagnosis.found("outage_unsettled", detail)
        for wrong in await ledger.wrong_bookings(session):
            detail = f"the ledger has {wrong.booked or 'nothing'} where {wrong.expected or 'nothing'} moved"
            diagnosis.found("ledger_differs", detail, source=wrong.source)
        for row in await ledger.charges_taken_back(session):
            detail = f"its money was taken back: the charge is {row.status}"
            diagnosis.warned("charge_taken_back", detail, registration_id=row.registration_id)
        for row in await ledger.money_kept_for_days(session):
            detail = f"{row.items} items of {row.kind} money, {row.amount} in all, wait for a decision or refund"
            diagnosis.warned("money_kept", detail)
        await _usdt(diagnosis, session)


async def _packs(diagnosis: Diagnosis, database: Database) -> None:
    async with database.read() as session:
        for row in await roster.wrong_counts(session):
            detail = f"statistics of packs show {row.live} participants and {row.handed_out} packs too many"
            diagnosis.found("counts_differ", detail, category_id=row.category_id)


async def _usdt(diagnosis: Diagnosis, session: AsyncSession) -> None:
    for row in await usdt.wrong_transfers(session):
        detail = f"{row.booked or 'nothing'} was booked where USDT worth {row.expected or 'nothing'} arrived"
        diagnosis.found("usdt_differs", detail, registration_id=row.registration_id)
    for row in await usdt.unsettled_transfers(session):
        detail = f"a confirmed transfer waits although the invoice is {row.status}"
        diagnosis.found("usdt_unsettled", detail, registration_id=row.registration_id, transfer_id=row.id)
    for row in await usdt.lost_transfers(session):
        detail = f"the chain took back a transfer that was {row.settled}"
        diagnosis.warned("usdt_taken_back", detail, registration_id=row.registration_id, transfer_id=row.id)
    for row in await usdt.troubled_networks(session):
        since = f" since {row.trouble_since:%Y-%m-%d %H:%M:%S} UTC" if row.trouble_since else ""
        if row.stopped:
            diagnosis.found("network_stopped", "it is not read until staff resume it", network=row.network)
        else:
            diagnosis.warned("network_in_trouble", f"{row.trouble or 'not read'}{since}", network=row.network)
    await _usdt_addresses(diagnosis, session)


async def _usdt_addresses(diagnosis: Diagnosis, session: AsyncSession) -> None:
    for row in await usdt.differing_addresses(session):
        detail = f"the address at index {row.number} is not the receiving key's: what is sent to it goes to others"
        diagnosis.found("usdt_address_differs", detail, key_id=row.key_id, index=row.number)
    for row in await usdt.unchecked_keys(session):
        since = f"not since {row.checked_at:%Y-%m-%d %H:%M:%S} UTC" if row.is_readable else "it cannot be decrypted"
        diagnosis.warned("usdt_addresses_not_compared", f"with this receiving key: {since}", key_id=row.key_id)


async def _across(diagnosis: Diagnosis, databases: Databases) -> None:
    async with AsyncExitStack() as stack:
        sessions = {
            name: await stack.enter_async_context(databases[name].read())
            for name in ("registration", "payment", "checkin", "notification")
        }
        registered = Stream(entries.snapshot(sessions["registration"]), lambda each: each.registration_id)
        invoiced = Stream(money.snapshot(sessions["payment"]), lambda each: each.registration_id)
        rostered = Stream(roster.snapshot(sessions["checkin"]), lambda each: each.registration_id)
        written_to = Stream(contacts.snapshot(sessions["notification"]), lambda each: each.registration_id)
        while True:
            upcoming = [await stream.upcoming() for stream in (registered, invoiced, rostered, written_to)]
            present = [registration_id for registration_id in upcoming if registration_id is not None]
            if not present:
                return
            first = min(present)
            compare(
                diagnosis,
                await registered.take(first),
                await invoiced.take(first),
                await rostered.take(first),
                await written_to.take(first),
            )


async def _offers(diagnosis: Diagnosis, databases: Databases) -> None:
    async with databases["notification"].read() as session:
        believed_open = await contacts.open_offers(session)
    async with databases["registration"].read() as session:
        for entry_id in await entries.ended_offers(session, believed_open):
            detail = "notification has not received the end of an offer"
            diagnosis.found("offer_differs", detail, owners=frozenset({"registration"}), registration_id=entry_id)


async def _messages(diagnosis: Diagnosis, database: Database) -> None:
    async with database.read() as session:
        found = await contacts.queue_state(session)
    for status, count in found.by_status.items():
        diagnosis.counts[f"messages_{status}"] += count
    diagnosis.counts["tickets_not_delivered_yet"] += found.undelivered_tickets
    diagnosis.counts["contacts_not_readable"] += found.unreadable_contacts
    if found.stuck:
        diagnosis.found("messages_stuck", f"{found.stuck} messages are overdue or were abandoned while being sent")
    for status, count in sorted(found.given_up.items()):
        diagnosis.warned(f"messages_{status}", f"{count} messages that {_GIVEN_UP[status]} are still worth sending")
    for channel, until in found.troubled.items():
        rests = f"; paused until {until:%Y-%m-%d %H:%M:%S} UTC" if until else ""
        diagnosis.warned("channel_is_failing", f"the provider does not take messages{rests}", channel=channel)


async def _set_aside(diagnosis: Diagnosis, database: Database) -> None:
    if "set_aside" not in database.tables.metadata.tables:
        return
    async with database.read() as session:
        for row in await all_aside(session):
            detail = f"{row.job} failed for it and continues without it: {row.reason}"
            diagnosis.found("set_aside", detail, service=database.service, job=row.job, subject_id=row.subject_id)


async def _messaging(diagnosis: Diagnosis, database: Database) -> None:
    found = await lateness(database)
    service = database.service
    if found.oldest_outbox_seconds > LATE_OUTBOX_SECONDS:
        detail = f"an event waits to be published for {found.oldest_outbox_seconds:.0f} s"
        diagnosis.found("outbox_stuck", detail, service=service)
    if found.oldest_retry_seconds > LATE_RETRY_SECONDS:
        detail = f"an event is being retried for {found.oldest_retry_seconds:.0f} s"
        diagnosis.found("retry_stuck", detail, service=service)
    if found.dead_letters:
        async with database.read() as session:
            by_type = await given_up(session, database.tables.dead_letters)
        kinds = ", ".join(f"{each.count} {each.event_type} ({each.failure_reason})" for each in by_type)
        diagnosis.found("dead_letters", f"{found.dead_letters} events were given up: {kinds}", service=service)
    forged, unsigned = [await refused_dead_letters(database, each) for each in (Refusal.FORGED, Refusal.UNSIGNED)]
    if forged or unsigned:
        detail = (
            f"{forged} events came from a service that does not own them, {unsigned} did not say who sent them: "
            "a login may be stolen"
        )
        diagnosis.found("forged_events", detail, service=service)


async def _sent_events(diagnosis: Diagnosis, database: Database) -> None:
    ahead = await days_ahead(database)
    if ahead < 1:
        day = "today" if ahead < 0 else "tomorrow"
        detail = f"events that it sends {day} will not be kept: `sent_events` has no partition for them"
        diagnosis.found("sent_events_not_kept", detail, service=database.service)
