"""Changing templates."""

from typing import Any

from chassis.audit_log import before_and_after
from chassis.database import UnitOfWork
from chassis.wording import Wording
from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert as upsert

from notification.messages.rules import Channel
from notification.templates.errors import InvalidTemplate
from notification.templates.queries import Key, own_template
from notification.templates.rules import Template, problems_of, variables_of, variables_of_subject
from notification.templates.tables import TemplateRow

NO_SUBJECT = Wording(en="An e-mail needs a subject.", id="E-mail memerlukan subjek.")
SUBJECT_IN_WHATSAPP = Wording(
    en="WhatsApp messages have no subject; leave it out.", id="Pesan WhatsApp tidak punya subjek; kosongkan."
)


def check_template(template: Template, key: Key) -> None:
    """Validate a template.

    Raises:
        InvalidTemplate.
    """
    event_type, channel, _ = key
    found = [("subject", problem) for problem in problems_of(template.subject, variables_of_subject(event_type))]
    found += [("body", problem) for problem in problems_of(template.body, variables_of(event_type))]
    if channel is Channel.EMAIL and not template.subject:
        found.append(("subject", NO_SUBJECT))
    if channel is Channel.WHATSAPP and template.subject:
        found.append(("subject", SUBJECT_IN_WHATSAPP))
    if found:
        raise InvalidTemplate(*found)


async def save_template(work: UnitOfWork, key: Key, template: Template, *, by: str) -> None:
    """Store a custom template.

    Raises:
        InvalidTemplate.
    """
    check_template(template, key)
    before = await _own_text(work, key)
    event_type, channel, locale = (part.value for part in key)
    text = {"subject": template.subject or None, "body": template.body, "updated_at": work.now}
    row = upsert(TemplateRow).values(event_type=event_type, channel=channel, locale=locale, **text)
    await work.session.execute(row.on_conflict_do_update(constraint="pk_templates", set_=text))
    await work.audit(by, "template.change", f"{event_type}/{channel}/{locale}", **_difference(before, template))


async def reset_template(work: UnitOfWork, key: Key, *, by: str) -> None:
    """Delete a custom template, if there is one, so that the default applies."""
    event_type, channel, locale = (part.value for part in key)
    before = await _own_text(work, key)
    matching = (
        (TemplateRow.event_type == event_type) & (TemplateRow.channel == channel) & (TemplateRow.locale == locale)
    )
    await work.session.execute(delete(TemplateRow).where(matching))
    await work.audit(by, "template.reset", f"{event_type}/{channel}/{locale}", **_difference(before, None))


async def _own_text(work: UnitOfWork, key: Key) -> Template | None:
    found = await own_template(work.session, key)
    return None if found is None else found[0]


def _difference(before: Template | None, after: Template | None) -> dict[str, Any]:
    """Return the details of a change for the audit log. None is the default template."""
    return before_and_after(_shown(before), _shown(after))


def _shown(template: Template | None) -> dict[str, Any]:
    if template is None:
        return {"is_default": True, "subject": None, "body": None}
    return {"is_default": False, "subject": template.subject or None, "body": template.body}
