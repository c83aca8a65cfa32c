"""Queries for templates."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notification.messages.rules import Channel, EventType, Locale
from notification.templates.defaults import Variant, default_template
from notification.templates.rules import Template
from notification.templates.tables import TemplateRow

Key = tuple[EventType, Channel, Locale]


async def own_template(session: AsyncSession, key: Key) -> tuple[Template, datetime] | None:
    """Return the custom template and when it was changed; None if there is none."""
    row = await session.get(TemplateRow, tuple(part.value for part in key))
    return None if row is None else (Template(body=row.body, subject=row.subject or ""), row.updated_at)


async def find_template(session: AsyncSession, key: Key, variant: Variant | None = None) -> Template:
    """Return the effective template: the custom one, or the default, or its variant."""
    own = await own_template(session, key)
    return default_template(*key, variant) if own is None else own[0]


async def list_templates(session: AsyncSession) -> list[tuple[Key, Template, datetime | None]]:
    """Return all effective templates, and when a custom one was changed; None for a default."""
    rows = (await session.execute(select(TemplateRow))).scalars().all()
    own = {
        (row.event_type, row.channel, row.locale): (Template(row.body, row.subject or ""), row.updated_at)
        for row in rows
    }
    keys = [(event, channel, locale) for event in EventType for channel in Channel for locale in Locale]
    return [(key, *(own.get(key) or (default_template(*key), None))) for key in keys]
