"""The keys that device tokens are signed with. No other service verifies these, so there is no JWKS route."""

from chassis.auth.signing import SigningKeys
from chassis.database import Database

from checkin.base import signing_keys
from checkin.settings import LATE_SCANS, Settings


def device_keys(settings: Settings, database: Database) -> SigningKeys:
    """Return the keys that device tokens are signed with."""
    accepted = settings.device_token_lifetime + LATE_SCANS
    return SigningKeys(database, signing_keys, settings.secret_box(), token_lifetime=accepted)
