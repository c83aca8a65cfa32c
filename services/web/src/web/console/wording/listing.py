"""The list of all templates: which are own, and which are still the standard ones."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Notification, StaffApi, unless_away
from web.console.pages import console_page
from web.console.routing import ConsoleRouter
from web.console.wording.answers import CHANNELS, LOCALES, Language, Templates, TemplateText

router = ConsoleRouter()


@dataclass(frozen=True)
class EventTemplates:
    """The templates of an event, by channel and language."""

    event_type: str
    texts: Mapping[tuple[str, str], TemplateText]

    @property
    def is_uneven(self) -> bool:
        """Return whether a channel has an own text in one language only."""
        return any(
            len({found.is_default for locale in LOCALES if (found := self.texts.get((channel, locale)))}) > 1
            for channel in CHANNELS
        )


@router.page("/templates")
async def list_templates(request: Request, staff: Admin, notification: Notification) -> Response:
    """List all templates."""
    found, used = await asyncio.gather(notification.get(Templates, "/templates"), language_used(notification))
    return console_page(
        request,
        staff,
        "wording/list.html",
        events=_by_event(found.items),
        channels=CHANNELS,
        locales=LOCALES,
        own=sum(not each.is_default for each in found.items),
        used=used,
    )


async def language_used(notification: StaffApi) -> str | None:
    """Return the language of messages, which a setting chooses; None while it is not known."""
    found = await unless_away(notification.get(Language, "/settings"))
    return found.default_locale if found else None


def _by_event(texts: Sequence[TemplateText]) -> Sequence[EventTemplates]:
    found: dict[str, dict[tuple[str, str], TemplateText]] = {}
    for each in texts:
        found.setdefault(each.event_type, {})[each.channel, each.locale] = each
    return [EventTemplates(event_type, of_event) for event_type, of_event in found.items()]
