"""The periodic jobs of the worker: rotate signing keys, delete old sessions and attempts."""

from collections.abc import Sequence
from datetime import timedelta

from chassis.database import Database
from chassis.worker import Periodic

from identity.keys import signing_keys_of
from identity.sessions.commands import forget_old_sessions
from identity.sessions.throttle import forget_old_attempts
from identity.settings import Settings


def periodic_jobs(settings: Settings, database: Database) -> Sequence[Periodic]:
    """Return the periodic jobs on `database`."""
    keys = signing_keys_of(settings, database)
    key_age = timedelta(days=settings.signing_key_days)
    return [
        Periodic("rotate_signing_keys", timedelta(hours=1), lambda: keys.rotate_when_older(key_age)),
        Periodic("forget", timedelta(hours=1), lambda: forget(database)),
    ]


async def forget(database: Database) -> None:
    """Delete old sessions and attempts."""
    await forget_old_sessions(database)
    await forget_old_attempts(database)
