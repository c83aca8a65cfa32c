"""The periodic jobs of the worker."""

from collections.abc import Sequence
from datetime import timedelta

from chassis.database import Database
from chassis.worker import Periodic

from checkin.keys import device_keys
from checkin.pickup.counting import fold_all_counts
from checkin.roster.commands import fold_names
from checkin.settings import Settings


def periodic_jobs(settings: Settings, database: Database) -> Sequence[Periodic]:
    """Return the periodic jobs on `database`: rotate the signing key, fold names of older releases, merge counts."""
    keys = device_keys(settings, database)
    oldest = timedelta(days=settings.signing_key_days)
    return [
        Periodic("signing_key", timedelta(hours=1), lambda: keys.rotate_when_older(oldest)),
        Periodic("fold_names", timedelta(minutes=1), lambda: fold_names(database)),
        Periodic("fold_counts", timedelta(minutes=1), lambda: fold_all_counts(database)),
    ]
