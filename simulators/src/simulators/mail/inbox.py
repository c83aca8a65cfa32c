"""Received mails."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from uuid import uuid4

from simulators.mail.message import Content, parse
from simulators.settings import Settings
from simulators.store import Store
from simulators.text import encodable


class MailMode(StrEnum):
    """Behaviour of the server: accepts mail, refuses recipients permanently or temporarily, or drops connections."""

    OK = "ok"
    FAILING = "failing"
    DEFERRED = "deferred"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class CaughtMail:
    """One recipient's copy of a mail, in its original form (`raw`) and parsed (`content`)."""

    id: str
    sender: str
    to: str
    received_at: datetime
    raw: bytes
    content: Content

    @property
    def size(self) -> int:
        return 2 * len(self.raw)


class MailInbox:
    """The mails of all recipients, oldest first; only the newest are kept."""

    def __init__(self, settings: Settings) -> None:
        self.mode = MailMode.OK
        self._mails: Store[CaughtMail] = Store(items=settings.keep_messages, total_bytes=settings.keep_bytes)

    def receive(self, sender: str, recipients: Iterable[str], raw: bytes) -> None:
        """Store a copy for each recipient."""
        content, now = parse(raw), datetime.now(UTC)
        for to in recipients:
            self._mails.add(CaughtMail(str(uuid4()), encodable(sender), encodable(to), now, raw, content))

    def mails(self, to: str | None = None) -> Iterator[CaughtMail]:
        """Return the mails, oldest first; only those to the address `to`, in any case, if it is given."""
        wanted = None if to is None else to.strip().casefold()
        return (mail for mail in self._mails if wanted is None or mail.to.casefold() == wanted)

    def newest(self) -> Iterator[CaughtMail]:
        return reversed(self._mails)

    def get(self, mail_id: str) -> CaughtMail | None:
        return self._mails.get(mail_id)

    def clear(self) -> None:
        self._mails.clear()
