"""From a template and the facts to the text, and for e-mail the page, that a runner reads."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from notification.templates import words
from notification.templates.rules import NO_VALUE, Locale, Template, fill_in, one_line

_pages = Environment(
    loader=PackageLoader("notification.templates", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)


@dataclass(frozen=True)
class Facts:
    """What a message is about. BIB and ticket code exist once the registration is confirmed."""

    name: str
    registration_number: str
    event_name: str
    event_date: date
    event_location: str
    category_name: str
    amount: Decimal
    currency: str
    payment_deadline: datetime
    offer_deadline: datetime | None = None
    bib_number: int | None = None
    ticket_code: str | None = None
    reason: str = ""


@dataclass(frozen=True)
class Segment:
    """Part of a line: text, or one of our own addresses."""

    text: str
    is_link: bool


@dataclass(frozen=True)
class Renderer:
    """Fills templates in.

    Args:
        public_url: what links start with.
        zone: in which times are told.
    """

    public_url: str
    zone: ZoneInfo

    def values(self, facts: Facts, locale: Locale) -> Mapping[str, str]:
        """What each variable stands for."""
        return {
            "name": facts.name,
            "registration_number": facts.registration_number,
            "bib_number": NO_VALUE if facts.bib_number is None else str(facts.bib_number),
            "event_name": facts.event_name,
            "event_date": words.day(facts.event_date, locale),
            "event_location": facts.event_location,
            "category_name": facts.category_name,
            "amount": words.money(facts.amount, facts.currency, locale),
            "payment_deadline": words.moment(facts.payment_deadline, self.zone, locale),
            "offer_deadline": self.moment(facts.offer_deadline, locale),
            "reason": facts.reason,
            "ticket_url": self.ticket_url(facts.ticket_code),
            "site_url": self.public_url,
        }

    def moment(self, value: datetime | None, locale: Locale) -> str:
        """A moment as people write it, if there is one."""
        return NO_VALUE if value is None else words.moment(value, self.zone, locale)

    def ticket_url(self, ticket_code: str | None) -> str:
        """Where the QR image of a ticket can be seen."""
        if ticket_code is None:
            return NO_VALUE
        return f"{self.public_url}/api/registration/v1/tickets/{ticket_code}.png"

    def text(self, template: Template, facts: Facts, locale: Locale) -> Template:
        """The subject and body to send."""
        values = self.values(facts, locale)
        return Template(
            body=fill_in(template.body, values),
            subject=one_line(fill_in(template.subject, values)) if template.subject else "",
        )

    def page(self, text: Template, facts: Facts, locale: Locale, *, qr_source: str | None) -> str:
        """The same as a mail's HTML, everything escaped; with `qr_source`, an address of the QR image, it is a ticket.

        Only our own addresses become links: a name that looks like an address stays a name.
        """
        values = self.values(facts, locale)
        links = [url for url in (values["ticket_url"], values["site_url"]) if url != NO_VALUE]
        paragraphs = [
            [_segments(line, links) for line in paragraph.splitlines()]
            for paragraph in re.split(r"\n\s*\n", text.body.strip())
        ]
        return _pages.get_template("mail.html").render(
            locale=locale.value, subject=text.subject, paragraphs=paragraphs, facts=facts, qr_source=qr_source
        )


def _segments(line: str, links: list[str]) -> list[Segment]:
    pattern = "|".join(re.escape(link) for link in links)
    return [Segment(part, part in links) for part in re.split(f"({pattern})", line) if part]
