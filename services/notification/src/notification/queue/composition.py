"""Composition of a claimed message: text, HTML and ticket from current rows."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from notification.access.queries import codes_of
from notification.access.rules import status_path
from notification.channels.port import QR_CONTENT_ID, OutboundMessage, TicketFiles
from notification.contacts.queries import participants_of, people_in_charge, person_in_charge, ticket_number
from notification.contacts.tables import Contact, Participant
from notification.messages.rules import Channel, EventType, Locale
from notification.queue.commands import Claim
from notification.queue.notified import CORRECTED_AT
from notification.queue.tables import Notification
from notification.queue.validity import is_outdated
from notification.races.queries import current_names
from notification.templates import formatting
from notification.templates.defaults import Variant
from notification.templates.queries import find_template
from notification.templates.rendering import Facts, LinkFacts, PersonalLink, Renderer, UsdtFacts
from notification.templates.rules import NO_VALUE, Template, safe_name
from notification.tickets.pdf import PrintedTicket, ticket_pdf
from notification.tickets.qr import qr_png


@dataclass(frozen=True)
class MessageInputs:
    """The data of a message, read from the database. `superseded` is True if it is outdated."""

    claim: Claim
    recipient: str
    recipient_name: str
    facts: Facts | LinkFacts
    template: Template
    locale: Locale
    superseded: bool


async def load_inputs(session: AsyncSession, claim: Claim, locale: Locale, *, now: datetime) -> MessageInputs:
    """Load the data of a message, and whether it is outdated at `now`."""
    variant = _variant(claim.context)
    template = await find_template(session, (claim.event_type, claim.channel, locale), variant)
    if claim.recipient is not None:
        facts = await _link_facts(session, claim, claim.recipient)
        return MessageInputs(claim, claim.recipient, "", facts, template, locale, superseded=not facts.links)
    contact = await session.get_one(Contact, claim.registration_id)
    participant = await session.get_one(Participant, claim.participant_id)
    about = await _facts(session, claim, contact, participant, locale)
    outdated = select(Notification.id).where(Notification.id == claim.id, await is_outdated(session, now=now))
    return MessageInputs(
        claim=claim,
        recipient=participant.address_on(claim.channel),
        recipient_name=about.name,
        facts=about,
        template=template,
        locale=locale,
        superseded=(await session.execute(outdated)).first() is not None,
    )


def _variant(context: Mapping[str, Any]) -> Variant | None:
    if context.get("awaits_payment"):
        return Variant.UNPAID
    return Variant.CORRECTED if context.get(CORRECTED_AT) else None


async def _facts(
    session: AsyncSession, claim: Claim, contact: Contact, participant: Participant, locale: Locale
) -> Facts:
    group = await participants_of(session, participant.registration_id)
    in_charge = participant.participant_id == person_in_charge(group.values()).participant_id
    offer_deadline = claim.context.get("offer_deadline")
    copies = {
        "event_name": contact.event_name,
        "event_date": contact.event_date,
        "event_location": contact.event_location,
        "category_name": contact.category_name,
    }
    named: dict[str, Any] = {**copies, **await current_names(session, contact.event_id, contact.category_id)}
    return Facts(
        **named,
        name=safe_name(participant.full_name),
        registration_number=contact.registration_number or NO_VALUE,
        **_owed(claim, contact),
        offer_deadline=datetime.fromisoformat(offer_deadline) if offer_deadline else None,
        position=claim.context.get("position"),
        bib_number=participant.bib_number,
        ticket_code=participant.ticket_code,
        ticket_number=ticket_number(contact, participant, group.values()),
        reason=_reason(claim, locale),
        reference=str(claim.context.get("reference", "")),
        usdt=_usdt(claim.context.get("usdt", {})),
        status_path=await _status_path(session, contact) if in_charge else None,
        has_page=in_charge,
    )


def _owed(claim: Claim, contact: Contact) -> dict[str, Any]:
    if contact.had_no_offer:
        return {"amount": None, "currency": contact.currency, "payment_deadline": None}
    deadline = claim.context.get("payment_deadline")
    return {
        "amount": Decimal(claim.context.get("amount", contact.total_amount)),
        "currency": claim.context.get("currency", contact.currency),
        "payment_deadline": datetime.fromisoformat(deadline) if deadline else contact.expires_at,
    }


def _reason(claim: Claim, locale: Locale) -> str:
    given = str(claim.context.get("reason", ""))
    if claim.event_type is EventType.PAYMENT_REFUND_DUE:
        return formatting.refund_reason(str(claim.context.get("cause", "")), given, locale)
    return given


def _usdt(told: Mapping[str, Any]) -> UsdtFacts:
    amount, missing = told.get("amount"), told.get("missing")
    return UsdtFacts(
        amount=None if amount is None else Decimal(amount),
        missing=None if missing is None else Decimal(missing),
        network=told.get("network", ""),
        address=told.get("address", ""),
        tx_hash=told.get("tx_hash", ""),
    )


async def _status_path(session: AsyncSession, contact: Contact) -> str | None:
    """Return the path of the registration's page, which shows all participants, for the person in charge only."""
    codes = await codes_of(session, [contact.registration_id])
    code = codes.get(contact.registration_id)
    return None if code is None else status_path(contact.registration_id, contact.registration_number, code)


async def _link_facts(session: AsyncSession, claim: Claim, recipient: str) -> LinkFacts:
    """Return the links that still belong to the recipient: a correction may have changed the contact."""
    listed = {UUID(link["registration_id"]): link for link in claim.context["links"]}
    in_charge = await people_in_charge(session, listed)
    codes = await codes_of(session, listed)
    theirs = [
        _personal(link, codes[registration_id])
        for registration_id, link in listed.items()
        if registration_id not in in_charge or in_charge[registration_id].is_reached_at(recipient, claim.channel)
    ]
    return LinkFacts(tuple(theirs))


def _personal(link: dict[str, Any], code: str) -> PersonalLink:
    number = link["registration_number"]
    return PersonalLink(
        registration_number=number,
        name=safe_name(link["participant_name"]),
        event_name=link["event_name"],
        category_name=link["category_name"],
        path=status_path(UUID(link["registration_id"]), number, code),
    )


async def compose(inputs: MessageInputs, renderer: Renderer) -> OutboundMessage:
    """Return the message to send."""
    text = renderer.text(inputs.template, inputs.facts, inputs.locale)
    if inputs.claim.channel is Channel.WHATSAPP:
        return OutboundMessage(inputs.claim.id, inputs.recipient, inputs.recipient_name, text.body)
    ticket = await _ticket(inputs)
    return OutboundMessage(
        id=inputs.claim.id,
        recipient=inputs.recipient,
        recipient_name=inputs.recipient_name,
        body=text.body,
        subject=text.subject,
        html=renderer.page(text, inputs.facts, inputs.locale, qr_source=f"cid:{QR_CONTENT_ID}" if ticket else None),
        ticket=ticket,
    )


async def _ticket(inputs: MessageInputs) -> TicketFiles | None:
    facts = inputs.facts
    if inputs.claim.event_type is not EventType.REGISTRATION_CONFIRMED or not isinstance(facts, Facts):
        return None
    if facts.ticket_code is None:
        return None
    printed = PrintedTicket(
        event_name=facts.event_name,
        name=facts.name,
        category_name=facts.category_name,
        event_date=formatting.day(facts.event_date, inputs.locale),
        event_location=facts.event_location,
        registration_number=facts.registration_number,
        bib_number=facts.bib_number or 0,
        ticket_number=facts.ticket_number or NO_VALUE,
    )
    # A process composes one mail at a time, so this uses at most one thread.
    return await asyncio.to_thread(_ticket_files, printed, facts.ticket_code, inputs.locale)


def _ticket_files(printed: PrintedTicket, ticket_code: str, locale: Locale) -> TicketFiles:
    image = qr_png(ticket_code)
    return TicketFiles(image, ticket_pdf(printed, image, locale), f"ticket-{printed.bib_number}.pdf")
