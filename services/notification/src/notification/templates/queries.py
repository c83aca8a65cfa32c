"""Queries for templates."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notification.messages.rules import Channel, EventType, Locale
from notification.templates.defaults import default_template
from notification.templates.rules import Template
from notification.templates.tables import TemplateRow

Key = tuple[EventType, Channel, Locale]


async def own_template(session: AsyncSession, key: Key) -> Template | None:
    """Return the custom template; None if there is none."""
    row = await session.get(TemplateRow, tuple(part.value for part in key))
    return None if row is None else Template(body=row.body, subject=row.subject or "")


async def find_template(session: AsyncSession, key: Key, *, unpaid: bool = False) -> Template:
    """Return the effective template: the custom one, or the default (see there for `unpaid`)."""
    return await own_template(session, key) or default_template(*key, unpaid=unpaid)


async def list_templates(session: AsyncSession) -> list[tuple[Key, Template, bool]]:
    """Return all effective templates, and whether each is a custom one."""
    rows = (await session.execute(select(TemplateRow))).scalars().all()
    own = {(row.event_type, row.channel, row.locale): Template(row.body, row.subject or "") for row in rows}
    keys = [(event, channel, locale) for event in EventType for channel in Channel for locale in Locale]
    return [(key, own.get(key) or default_template(*key), key in own) for key in keys]
