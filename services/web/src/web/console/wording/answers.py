"""What notification answers about templates."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from chassis.errors import NotFound

from web.upstream.client import Answer

LOCALES: Final = ("id", "en")
CHANNELS: Final = ("whatsapp", "email")


@dataclass(frozen=True)
class Key:
    """Which template it is: of an event, on a channel, in a language."""

    event_type: str
    channel: str
    locale: str

    @property
    def path(self) -> str:
        """Return the end of its address, which is the same here and in the API."""
        return f"/templates/{self.event_type}/{self.channel}/{self.locale}"

    def on(self, channel: str) -> Self:
        """Return the template of the same event on a channel."""
        return type(self)(self.event_type, channel, self.locale)

    def in_language(self, locale: str) -> Self:
        """Return the same template in a language."""
        return type(self)(self.event_type, self.channel, locale)

    @property
    def other_locale(self) -> str:
        """Return the other language."""
        return next(each for each in LOCALES if each != self.locale)


class TemplateText(Answer):
    """The text that is used now: own or standard. Only e-mail has a subject."""

    event_type: str
    channel: str
    locale: str
    subject: str | None
    body: str
    is_default: bool
    changed_at: datetime | None

    @property
    def key(self) -> Key:
        """Return which template it is."""
        return Key(self.event_type, self.channel, self.locale)


class Templates(Answer):
    """All templates."""

    items: tuple[TemplateText, ...]


class Variable(Answer):
    """A variable, with its meaning and an example in each language."""

    name: str
    description: Mapping[str, str]
    example: Mapping[str, str]
    in_subject: bool
    event_types: tuple[str, ...]


class Variables(Answer):
    """All variables."""

    items: tuple[Variable, ...]


class Rendered(Answer):
    """A message with sample data."""

    subject: str | None
    body: str


class Language(Answer):
    """The language of messages."""

    default_locale: str


async def key_of(event_type: str, channel: str, locale: str) -> Key:
    """Return the key in an address.

    Raises:
        NotFound: there is no such channel, language or event.
    """
    is_name = event_type.isascii() and event_type.replace("_", "").replace(".", "").isalpha()
    if not is_name or channel not in CHANNELS or locale not in LOCALES:
        raise NotFound
    return Key(event_type, channel, locale)
