"""Changing settings."""

from collections.abc import Mapping
from typing import Any

from chassis.database import UnitOfWork
from sqlalchemy import update

from notification.channels.port import Channel
from notification.limiter.commands import recover
from notification.preferences.queries import PreferencesReader
from notification.preferences.tables import NotificationSettings

SECRETS = ("fonnte_api_key", "smtp_password")


async def change_settings(work: UnitOfWork, changes: Mapping[str, Any], reader: PreferencesReader, *, by: str) -> None:
    """Store what was chosen; None goes back to the environment's default. Holds from the next message on.

    A mail password is for the server it was typed in for: with a new server it has to be typed in again. A sender that
    rests because of trouble is tried again at once: the trouble may just have been mended.
    """
    values = {name: _sealed(reader, value) if name in SECRETS else value for name, value in changes.items()}
    before = await reader.load(work.session, for_update=True)
    if "smtp_host" in changes and changes["smtp_host"] != before.mail.host:
        values.setdefault("smtp_password", None)
    await work.session.execute(update(NotificationSettings).values(**values, updated_at=work.now))
    for channel in Channel:
        await recover(work, channel)
    await work.audit(by, "settings.change", "notification_settings", fields=sorted(changes))


def _sealed(reader: PreferencesReader, secret: str | None) -> str | None:
    return None if secret is None else reader.box.seal(secret)
