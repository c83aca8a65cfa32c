"""Changing settings."""

from collections.abc import Mapping
from typing import Any, Final

from chassis.audit_log import before_and_after
from chassis.database import UnitOfWork
from chassis.errors import InvalidFields
from chassis.outward import is_private_host
from chassis.wording import Wording
from sqlalchemy import select, update

from notification.channels.accounts import MailAccount
from notification.limiter.commands import resume_sender
from notification.messages.rules import Channel
from notification.preferences.queries import PreferencesReader
from notification.preferences.tables import NotificationSettings

SECRETS = ("fonnte_api_key", "smtp_password")
_NAMED_ONLY: Final = (*SECRETS, "fonnte_device_id", "email_from_address", "smtp_username")
INSIDE: Final = Wording(
    en="Use a mail server with a public address. This one leads into the platform's own network.",
    id="Pakai server surel dengan alamat publik. Yang ini mengarah ke jaringan internal platform.",
)


async def change_settings(work: UnitOfWork, changes: Mapping[str, Any], reader: PreferencesReader, *, by: str) -> None:
    """Store settings; None resets one to the environment's default.

    Another mail server clears the stored password, as that belongs to the previous server. Paused senders are resumed:
    the change may have fixed the cause.

    Raises:
        InvalidFields: the mail server is in the platform's own network.
    """
    values = {name: _sealed(reader, value) if name in SECRETS else value for name, value in changes.items()}
    before = await reader.load(work.session, for_update=True)
    if "smtp_host" in changes and changes["smtp_host"] != before.mail.host:
        values.setdefault("smtp_password", None)
    stored = dict((await work.session.execute(select(NotificationSettings.__table__))).mappings().one())
    await work.session.execute(update(NotificationSettings).values(**values, updated_at=work.now))
    _refuse_inside(changes, (await reader.load(work.session)).mail)
    for channel in Channel:
        await resume_sender(work, channel)
    await work.audit(
        by, "settings.change", "notification_settings", **before_and_after(stored, values, named_only=_NAMED_ONLY)
    )


def _refuse_inside(changes: Mapping[str, Any], account: MailAccount) -> None:
    changed = [name for name in ("smtp_host", "smtp_port") if name in changes]
    if changed and account.host and not account.private_allowed and is_private_host(account.host):
        raise InvalidFields((changed[0], INSIDE))


def _sealed(reader: PreferencesReader, secret: str | None) -> str | None:
    return None if secret is None else reader.box.seal(secret)
