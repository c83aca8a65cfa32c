"""Routes for templates."""

import base64
from datetime import timedelta
from decimal import Decimal
from typing import Annotated

from chassis.auth.access import Admin
from chassis.web.dependencies import OwnDatabase, Read, Work, from_state
from chassis.web.models import Body, Line, OrNone, Page, Text, View
from chassis.web.problems import errors
from chassis.web.routing import Router
from fastapi import Depends

from notification.messages.rules import Channel, EventType, Locale
from notification.templates import commands, queries
from notification.templates.commands import check_template
from notification.templates.defaults import default_template
from notification.templates.errors import InvalidTemplate
from notification.templates.queries import Key
from notification.templates.rendering import Facts, LinkFacts, PersonalLink, Renderer
from notification.templates.rules import Template, variables_of
from notification.tickets.qr import qr_png

SAMPLE_TICKET = "0123456789abcdef0123456789abcdef"
_SAMPLE_PATH = "/r/FR5K-00042/abcdefghijklmnopqrstuvw"
SAMPLE_LINKS = LinkFacts(
    (
        PersonalLink("FR5K-00042", "Budi Santoso", "Jakarta Fun Run", "5K", _SAMPLE_PATH),
        PersonalLink(
            None,
            "Budi Santoso",
            "Bandung Night Run",
            "10K",
            "/r/00000000-0000-4000-8000-000000000042/abcdefghijklmnopqrstuvw",
        ),
    )
)


class TemplateText(Body):
    """The template of a message: plain text with `{variables}`. Only e-mail has a subject."""

    subject: OrNone[Line] = None
    body: Text


class TemplateView(View):
    """The effective template."""

    event_type: EventType
    channel: Channel
    locale: Locale
    subject: str | None
    body: str
    is_default: bool
    variables: dict[str, str]


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
    return Page(items=[_view(key, template, is_default=not own) for key, template, own in found])


@router.get("/{event_type}/{channel}/{locale}")
async def get_template(key: TemplateKey, _: Admin, session: Read) -> TemplateView:
    """Return the effective template, custom or default."""
    return await _found(key, session)


@router.put("/{event_type}/{channel}/{locale}", responses=errors(InvalidTemplate))
async def put_template(key: TemplateKey, text: TemplateText, staff: Admin, work: Work) -> TemplateView:
    """Store a custom template, used from the next message on."""
    template = Template(text.body, text.subject or "")
    await commands.save_template(work, key, template, by=staff.actor)
    return _view(key, template, is_default=False)


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
    return _preview(renderer, key, template, _sample(key[0], database))


async def _found(key: Key, session: Read) -> TemplateView:
    own = await queries.own_template(session, key)
    return _view(key, own or default_template(*key), is_default=own is None)


def _view(key: Key, template: Template, *, is_default: bool) -> TemplateView:
    event_type, channel, locale = key
    return TemplateView(
        event_type=event_type,
        channel=channel,
        locale=locale,
        subject=template.subject or None,
        body=template.body,
        is_default=is_default,
        variables=dict(variables_of(event_type)),
    )


def _preview(renderer: Renderer, key: Key, template: Template, facts: Facts | LinkFacts) -> Preview:
    event_type, channel, locale = key
    text = renderer.text(template, facts, locale)
    if channel is Channel.WHATSAPP:
        return Preview(subject=None, body=text.body, html=None)
    is_ticket = event_type is EventType.REGISTRATION_CONFIRMED
    image = f"data:image/png;base64,{base64.b64encode(qr_png(SAMPLE_TICKET)).decode()}" if is_ticket else None
    return Preview(subject=text.subject, body=text.body, html=renderer.page(text, facts, locale, qr_source=image))


def _sample(event_type: EventType, database: OwnDatabase) -> Facts | LinkFacts:
    now = database.clock()
    if event_type is EventType.ACCESS_LINKS:
        return SAMPLE_LINKS
    return Facts(
        name="Budi Santoso",
        registration_number="FR5K-00042",
        event_name="Jakarta Fun Run",
        event_date=(now + timedelta(days=30)).date(),
        event_location="Gelora Bung Karno, Jakarta",
        category_name="5K",
        amount=Decimal("150000.00"),
        currency="IDR",
        payment_deadline=now + timedelta(hours=24),
        offer_deadline=now + timedelta(hours=12),
        bib_number=1042,
        ticket_code=SAMPLE_TICKET,
        reason="Jumlah pada bukti tidak terbaca",
        reference="BCA 20270214-0042",
        status_path=_SAMPLE_PATH,
    )
