"""All tables of this service. Importing this module completes the metadata."""

from checkin.base import Base, service_tables, signing_keys
from checkin.pickup.tables import Checkin, PackCount, Scan
from checkin.races.tables import Category, Race
from checkin.roster.tables import RosterEntry, RosterRevision
from checkin.snapshot.tables import RosterChange
from checkin.stations.tables import Device, Station
from checkin.stock.tables import JerseyStock

__all__ = [
    "Base",
    "Category",
    "Checkin",
    "Device",
    "JerseyStock",
    "PackCount",
    "Race",
    "RosterChange",
    "RosterEntry",
    "RosterRevision",
    "Scan",
    "Station",
    "service_tables",
    "signing_keys",
]
