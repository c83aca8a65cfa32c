"""Routes for templates."""

import base64
from datetime import datetime
from enum import StrEnum
from typing import Annotated

from chassis.auth.access import Admin
from chassis.web.dependencies import OwnDatabase, Read, Work, from_state
from chassis.web.models import Body, Line, OrNone, Page, Text, View, Words
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Depends

from notification.messages.rules import Channel, EventType, Locale
from notification.templates import commands, queries
from notification.templates.commands import check_template
from notification.templates.defaults import default_template
from notification.templates.errors import InvalidTemplate
from notification.templates.queries import Key
from notification.templates.rendering import Facts, LinkFacts, Renderer
from notification.templates.rules import Template, variables_of, variables_of_subject
from notification.templates.samples import SAMPLE_TICKET, sample_facts
from notification.tickets.qr import qr_png


class TemplateText(Body):
    """The template of a message: plain text with `{variables}`. Only e-mail has a subject."""

    subject: OrNone[Line] = None
    body: Text


class TemplateState(StrEnum):
    """Whether a template is the default, or was changed by staff."""

    DEFAULT = "default"
    CHANGED = "changed"


class TemplateView(View):
    """The effective template, and when staff changed it. `variables` are described in English.

    `GET /templates/variables` describes them in both languages.
    """

    event_type: EventType
    channel: Channel
    locale: Locale
    subject: str | None
    body: str
    is_default: bool
    state: TemplateState
    changed_at: datetime | None
    variables: dict[str, str]


class VariableView(View):
    """A variable: what it stands for, an example in each language, and the messages in which it may be used.

    One that may contain an address or a code cannot be used in subjects.
    """

    name: str
    description: Words
    example: Words
    in_subject: bool
    event_types: list[EventType]


class Preview(View):
    """A rendered message with sample data. Only e-mail has a subject and HTML."""

    subject: str | None
    body: str
    html: str | None


async def _key(event_type: EventType, channel: Channel, locale: Locale) -> Key:
    return event_type, channel, locale


TemplateKey = Annotated[Key, Depends(_key)]
router = Router(prefix="/templates", tags=["templates"])


@router.get("")
async def list_templates(_: Admin, session: Read) -> Page[TemplateView]:
    """Return all effective templates, custom or default."""
    found = await queries.list_templates(session)
    return Page(items=[_view(key, template, changed_at) for key, template, changed_at in found])


@router.get("/variables")
async def list_variables(
    _: Admin, database: OwnDatabase, renderer: Annotated[Renderer, from_state("renderer")]
) -> Page[VariableView]:
    """Return all variables, with the messages in which each may be used."""
    names = dict.fromkeys(name for event_type in EventType for name in variables_of(event_type))
    return Page(items=[_variable(name, renderer, now=database.clock()) for name in names])


@router.get("/{event_type}/{channel}/{locale}")
async def get_template(key: TemplateKey, _: Admin, session: Read) -> TemplateView:
    """Return the effective template, custom or default."""
    return await _found(key, session)


@router.put("/{event_type}/{channel}/{locale}", responses=errors(InvalidTemplate))
async def put_template(key: TemplateKey, text: TemplateText, staff: Admin, work: Work) -> TemplateView:
    """Store a custom template, used from the next message on."""
    template = Template(text.body, text.subject or "")
    await commands.save_template(work, key, template, by=staff.actor)
    return _view(key, template, work.now)


@router.delete("/{event_type}/{channel}/{locale}")
async def delete_template(key: TemplateKey, staff: Admin, work: Work) -> TemplateView:
    """Delete a custom template and return the default one."""
    await commands.reset_template(work, key, by=staff.actor)
    return await _found(key, work.session)


@router.post("/{event_type}/{channel}/{locale}/preview", responses=errors(InvalidTemplate))
async def preview_template(
    key: TemplateKey,
    _: Admin,
    database: OwnDatabase,
    renderer: Annotated[Renderer, from_state("renderer")],
    text: TemplateText | None = None,
) -> Preview:
    """Render this template, or without a body the effective one, with sample data."""
    if text is not None:
        template = Template(text.body, text.subject or "")
    else:
        async with database.read() as session:
            template = await queries.find_template(session, key)
    check_template(template, key)
    return _preview(renderer, key, template, sample_facts(key[0], key[2], now=database.clock()))


async def _found(key: Key, session: Read) -> TemplateView:
    own = await queries.own_template(session, key)
    return _view(key, *(own or (default_template(*key), None)))


def _view(key: Key, template: Template, changed_at: datetime | None) -> TemplateView:
    event_type, channel, locale = key
    return TemplateView(
        event_type=event_type,
        channel=channel,
        locale=locale,
        subject=template.subject or None,
        body=template.body,
        is_default=changed_at is None,
        state=TemplateState.DEFAULT if changed_at is None else TemplateState.CHANGED,
        changed_at=changed_at,
        variables={name: described.en for name, described in variables_of(event_type).items()},
    )


def _variable(name: str, renderer: Renderer, *, now: datetime) -> VariableView:
    used_in = [event_type for event_type in EventType if name in variables_of(event_type)]
    described = variables_of(used_in[0])[name]
    examples = {}
    for locale in Locale:
        value = renderer.values(sample_facts(used_in[0], locale, now=now), locale)[name]
        examples[locale.value] = value if isinstance(value, str) else "\n".join(value)
    return VariableView(
        name=name,
        description=Words.model_validate(described),
        example=Words(**examples),
        in_subject=name in variables_of_subject(used_in[0]),
        event_types=used_in,
    )


def _preview(renderer: Renderer, key: Key, template: Template, facts: Facts | LinkFacts) -> Preview:
    event_type, channel, locale = key
    text = renderer.text(template, facts, locale)
    if channel is Channel.WHATSAPP:
        return Preview(subject=None, body=text.body, html=None)
    is_ticket = event_type is EventType.REGISTRATION_CONFIRMED
    image = f"data:image/png;base64,{base64.b64encode(qr_png(SAMPLE_TICKET)).decode()}" if is_ticket else None
    return Preview(subject=text.subject, body=text.body, html=renderer.page(text, facts, locale, qr_source=image))
