"""The periodic jobs of the worker: a sender for each channel, and the clean-up."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta

from chassis.database import Database
from chassis.worker import Periodic

from notification.contacts.commands import canonicalize_batch
from notification.contacts.linking import link_batch
from notification.message_log.commands import forget_messages
from notification.message_log.sealing import MessageSealer
from notification.preferences.connections import connections
from notification.preferences.queries import PreferencesReader
from notification.queue.announcements import announce_rest, follow_race_days, forget_links
from notification.queue.outcomes import release_abandoned
from notification.queue.reports import forget_reports
from notification.queue.sender import Sender
from notification.settings import Settings
from notification.templates.rendering import Renderer

_LOOK_FOR_ABANDONED = timedelta(seconds=5)
_FOLLOW_RACES = timedelta(seconds=5)
_FORGET = timedelta(hours=6)
_CONVERT_OLD_ROWS = timedelta(seconds=30)
_PORTION = 200


def periodic_jobs(settings: Settings, database: Database) -> Sequence[Periodic]:
    """Return the periodic jobs on `database`."""
    return [
        *(_sending(sender, settings) for sender in build_senders(settings, database)),
        Periodic("release_abandoned", _LOOK_FOR_ABANDONED, lambda: release(database)),
        Periodic("forget_reports", _FORGET, lambda: forget_reports(database)),
        Periodic("forget_links", _FORGET, lambda: forget_links(database)),
        Periodic("forget_messages", _FORGET, lambda: forget_messages(database, after=settings.message_log_age)),
        Periodic("announce_changes", _FOLLOW_RACES, lambda: announce_rest(database)),
        Periodic("follow_race_days", _FOLLOW_RACES, lambda: follow_race_days(database)),
        Periodic("canonicalize_addresses", _CONVERT_OLD_ROWS, lambda: in_portions(database, canonicalize_batch)),
        Periodic("link_contacts", _CONVERT_OLD_ROWS, lambda: in_portions(database, link_batch)),
    ]


def build_senders(settings: Settings, database: Database) -> list[Sender]:
    """Return one sender per channel, so that a failing channel does not delay the other."""
    preferences, renderer, sealer = PreferencesReader(settings), Renderer.of(settings), MessageSealer(settings)
    connecting = connections(settings, database.clock, limit=settings.send_limit_seconds)
    return [
        Sender(channel, database, settings, preferences, renderer, sealer, connect)
        for channel, connect in connecting.items()
    ]


async def release(database: Database) -> None:
    """Release messages that were claimed by workers that died."""
    async with database.work() as work:
        await release_abandoned(work)


async def in_portions(database: Database, convert: Callable[..., Awaitable[int]]) -> None:
    """Convert rows of older releases, one portion per transaction, until none is left."""
    count = _PORTION
    while count == _PORTION:
        async with database.work() as work:
            count = await convert(work, limit=_PORTION)


def _sending(sender: Sender, settings: Settings) -> Periodic:
    return Periodic(f"send_{sender.channel}", timedelta(seconds=settings.poll_seconds), sender.send_due)
