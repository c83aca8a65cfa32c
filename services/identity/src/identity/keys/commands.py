"""The keys that staff tokens are signed with."""

from chassis.auth.signing import SigningKeys
from chassis.database import Database

from identity.base import signing_keys
from identity.settings import Settings


def signing_keys_of(settings: Settings, database: Database) -> SigningKeys:
    """Identity's own keys."""
    return SigningKeys(database, signing_keys, settings.secret_box(), token_lifetime=settings.access_token_lifetime)


async def rotate_now(settings: Settings, database: Database) -> None:
    """Sign with a new key from now on, whatever the age of the old one, which goes on verifying what it signed."""
    await signing_keys_of(settings, database).rotate()
