"""The periodic jobs of registration's worker: expiry, waiting lists, and late publishing."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from chassis.aside import aside_of, for_all, retry_aside, work_off
from chassis.database import Database, UnitOfWork
from chassis.images.store import image_store
from chassis.telemetry import logger
from chassis.uptime.beats import report_closed
from chassis.uptime.rules import BEAT_EVERY
from chassis.worker import Periodic
from prometheus_client import Gauge

from registration.access import commands as links
from registration.access import queries as link_queries
from registration.access_codes import AccessCodes
from registration.canonical import commands as canonical
from registration.catalog.announce import announce_unknown_races
from registration.entries import commands, expiry
from registration.entries.expiry import Patience
from registration.exports.jobs import Terms, write_exports
from registration.exports.tidying import tidy_exports
from registration.idempotency.commands import forget_keys
from registration.marks.commands import send_mark
from registration.marks.rules import Rounds
from registration.pictures.sweep import sweep_orphans
from registration.reports.commands import merge_participants
from registration.settings import Settings
from registration.uptime.tables import RECORD
from registration.waitlist import deadlines as offers
from registration.waitlist import queries as lines
from registration.waitlist.offering import offer_free_places
from registration.waitlist.rules import OfferTerms

log = logger(__name__)

CLOSED_SECONDS: Final = Gauge(
    "startline_registration_closed_seconds", "Time since the API could last reach its database"
)

_SOON = timedelta(seconds=1)
_LONG = timedelta(minutes=10)
_HOUR = timedelta(hours=1)


def periodic_jobs(settings: Settings, database: Database) -> Sequence[Periodic]:
    """Return the jobs."""
    grace, codes = timedelta(minutes=settings.expiry_grace_minutes), settings.access_codes()
    terms = OfferTerms(settings.waitlist_offer_time, codes)
    images = image_store(settings)
    export_terms = Terms(settings.export_keep_time)
    often, deadlines = timedelta(seconds=settings.expiry_sweep_seconds), Deadlines(database, grace, terms)
    return [
        Periodic("expiry", often, deadlines.keep),
        Periodic("waitlist", often, deadlines.process_waitlists),
        Periodic("report_deadlines", timedelta(minutes=1), deadlines.report),
        Periodic("report_closed", BEAT_EVERY, lambda: report_closed(database, RECORD, CLOSED_SECONDS)),
        Periodic("fold_counts", timedelta(seconds=10), lambda: fold_counts(database)),
        Periodic("merge_participant_counts", timedelta(seconds=10), lambda: merge_participant_counts(database)),
        Periodic("forget_keys", timedelta(minutes=10), lambda: forget_keys(database)),
        Periodic("announce_races", timedelta(minutes=1), lambda: announce_races(database)),
        Periodic("canonical_form", timedelta(minutes=1), lambda: bring_into_form(database)),
        Periodic("answer_link_requests", _SOON, lambda: answer_link_requests(database, codes)),
        Periodic("publish_codes", timedelta(seconds=30), lambda: publish_codes(database, codes)),
        Periodic(
            "sweep_orphans", timedelta(minutes=settings.orphan_sweep_minutes), lambda: sweep_orphans(database, images)
        ),
        Periodic(
            "write_exports", timedelta(seconds=2), lambda: write_exports(database, images, export_terms), limit=_HOUR
        ),
        Periodic("tidy_exports", _HOUR, lambda: tidy_exports(database, images)),
        Periodic("forget_link_requests", timedelta(hours=1), lambda: links.forget_requests(database)),
    ]


async def sweep(
    database: Database, grace: timedelta, terms: OfferTerms, *, received_until: datetime | None = None
) -> int:
    """Expire all due registrations, in bounded transactions; return how many.

    Args:
        received_until: the time until which payment's events have been received; None if this is not required.
    """
    return await expiry.sweep(database, Patience(grace, received_until), partial(offer_free_places, terms=terms))


async def process_waitlists(database: Database, terms: OfferTerms, *, received_until: datetime | None = None) -> None:
    """End expired entries of the waiting lists and offer free places, one category after the other."""

    async def process_some(work: UnitOfWork, categories: Sequence[UUID]) -> int:
        for category_id in categories:
            await offers.process_waitlist(work, category_id, terms=terms, received_until=received_until)
        return len(categories)

    async with database.read() as session:
        categories = await lines.categories_with_a_line(session)
        aside = await aside_of(session, "waitlist")
    for category_id in (each for each in categories if each not in aside):
        await for_all(database, "waitlist", [category_id], process_some)
    await retry_aside(database, "waitlist", process_some)  # last, as a run has a time limit


@dataclass
class Deadlines:
    """Ends overdue registrations and offers, once the events of other services have been received past the deadline.

    A proof or acceptance in time may be on its way. While the broker is unavailable nothing expires; while
    payment is unavailable no registration does.
    """

    database: Database
    grace: timedelta
    terms: OfferTerms
    rounds: Rounds = field(default_factory=Rounds)

    async def keep(self) -> None:
        """Send a mark to payment and back if anything is overdue; expire registrations as far as marks allow."""
        async with self.database.work() as work:
            overdue = await expiry.waiting_for(work.session, self.grace, now=work.now) is not None
            if not overdue and await offers.waiting_for(work.session, now=work.now) is None:
                return
            self.rounds.note(await send_mark(work), work.now)
        await expiry.sweep(self.database, self._patience(), partial(offer_free_places, terms=self.terms))

    def _patience(self) -> Patience:
        progress, now = self.rounds.counts, self.database.clock()
        patient = not self.rounds.in_touch_for(expiry.PATIENCE, now)
        return Patience(self.grace, progress.payment, None if patient else progress.answered)

    async def process_waitlists(self) -> None:
        """Offer free places and end offers that were not accepted in time."""
        await process_waitlists(self.database, self.terms, received_until=self.rounds.counts.own)

    async def report(self) -> None:
        """Set the metric of how long overdue deadlines have been waiting, and log long waits."""
        now = self.database.clock()
        async with self.database.read() as session:
            unpaid = await expiry.waiting_for(session, self.grace, now=now) or timedelta()
            open_offers = await offers.waiting_for(session, now=now) or timedelta()
        expiry.DEADLINES_WAIT.set(max(unpaid, open_offers).total_seconds())
        if max(unpaid, open_offers) > _LONG:
            log.warning(
                "deadlines_wait",
                seconds=round(unpaid.total_seconds()),
                offers_seconds=round(open_offers.total_seconds()),
                payment_heard_until=self.rounds.counts.payment.isoformat(),
                payment_answered=self.rounds.counts.answered.isoformat(),
            )


async def fold_counts(database: Database) -> None:
    """Merge the rows of counts, so that statistics add up few rows."""
    while True:
        async with database.work() as work:
            if not await commands.fold_counts(work):
                return


async def merge_participant_counts(database: Database) -> None:
    """Merge the changes of participants into their counts, so that reports add up few rows."""
    while True:
        async with database.work() as work:
            if not await merge_participants(work):
                return


async def announce_races(database: Database) -> None:
    """Publish races that were created before races were published."""
    while True:
        async with database.work() as work:
            if not await announce_unknown_races(work):
                return


async def bring_into_form(database: Database) -> None:
    """Convert rows that a process of an older release wrote into canonical form."""
    while True:
        async with database.work() as work:
            portion = await work.session.run_sync(
                lambda session: canonical.bring_into_form(session.connection(), work.now)
            )
        if not portion.rows:
            return
        log.info("people_brought_into_form", rows=portion.rows, unreadable=portion.unreadable)


async def answer_link_requests(database: Database, codes: AccessCodes) -> None:
    """Answer all waiting requests for links."""

    async def answer(work: UnitOfWork, ids: Sequence[UUID]) -> int:
        return await links.answer_requests(work, codes, ids)

    await work_off(database, link_queries.ANSWERING, link_queries.waiting_requests, answer)


async def publish_codes(database: Database, codes: AccessCodes) -> None:
    """Publish the codes of registrations from before there were codes, and of those that are republished."""

    async def publish(work: UnitOfWork, ids: Sequence[UUID]) -> int:
        return await links.publish_codes(work, codes, ids)

    await work_off(database, link_queries.GIVING, link_queries.without_code, links.give_codes)
    await work_off(database, link_queries.PUBLISHING, link_queries.unpublished_codes, publish)
