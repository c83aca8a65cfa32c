"""From a template and the facts to the text, and for e-mail the page, that a runner reads."""

import re
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader, StrictUndefined

from notification.messages.rules import Locale
from notification.settings import Settings
from notification.templates import formatting
from notification.templates.rules import NO_VALUE, Template, Values, fill_in, fill_in_subject

_pages = Environment(
    loader=PackageLoader("notification.templates", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)


@dataclass(frozen=True)
class Facts:
    """What a message about a registration says. BIB and ticket code exist once the registration is confirmed.

    `status_path` opens the whole registration with all its participants. It is there only for the person in charge, and
    only once its code is known. `timezone` is the race's.
    """

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
    reference: str = ""
    status_path: str | None = None
    timezone: str | None = None


@dataclass(frozen=True)
class PersonalLink:
    """A registration, or without a number a place in line, and the path that opens it."""

    registration_number: str | None
    name: str
    event_name: str
    category_name: str
    path: str


@dataclass(frozen=True)
class LinkFacts:
    """What a message with the links of one contact says."""

    links: tuple[PersonalLink, ...]


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
        zone: in which times are told when the race's own is not known.
    """

    public_url: str
    zone: ZoneInfo

    @classmethod
    def of(cls, settings: Settings) -> "Renderer":
        """Return the renderer for these settings."""
        return cls(public_url=settings.public_url, zone=ZoneInfo(settings.timezone))

    def values(self, facts: Facts | LinkFacts, locale: Locale) -> Values:
        """What each variable stands for."""
        if isinstance(facts, LinkFacts):
            return {"links": self._link_lines(facts, locale), "site_url": self.public_url}
        return {
            "name": facts.name,
            "registration_number": facts.registration_number,
            "bib_number": NO_VALUE if facts.bib_number is None else str(facts.bib_number),
            "event_name": facts.event_name,
            "event_date": formatting.day(facts.event_date, locale),
            "event_location": facts.event_location,
            "category_name": facts.category_name,
            "amount": formatting.money(facts.amount, facts.currency, locale),
            "payment_deadline": self.moment(facts.payment_deadline, facts, locale),
            "offer_deadline": self.moment(facts.offer_deadline, facts, locale),
            "reason": formatting.reason(facts.reason, locale),
            "reference": facts.reference,
            "ticket_url": self.ticket_url(facts.ticket_code),
            "status_url": self.status_url(facts.status_path),
            "site_url": self.public_url,
        }

    def _link_lines(self, facts: LinkFacts, locale: Locale) -> tuple[str, ...]:
        lines: list[str] = []
        for link in facts.links:
            number = link.registration_number or formatting.WAITING_LIST[locale]
            title = f"{number}: {link.event_name} ({link.category_name}), {link.name}"
            lines += ["", title, self.status_url(link.path)]
        return tuple(lines[1:])

    def moment(self, value: datetime | None, facts: Facts, locale: Locale) -> str:
        """A moment as people at the race write it, if there is one."""
        if value is None:
            return NO_VALUE
        return formatting.moment(value, formatting.zone_named(facts.timezone, self.zone), locale)

    def status_url(self, path: str | None) -> str:
        """The recipient's own page; the platform's for somebody who has none."""
        return f"{self.public_url}{path or ''}"

    def ticket_url(self, ticket_code: str | None) -> str:
        """Where the QR image of a ticket can be seen."""
        if ticket_code is None:
            return NO_VALUE
        return f"{self.public_url}/api/registration/v1/tickets/{ticket_code}.png"

    def text(self, template: Template, facts: Facts | LinkFacts, locale: Locale) -> Template:
        """The subject and body to send."""
        values = self.values(facts, locale)
        body, needed = template.body, _needed(facts)
        if needed and needed not in body:
            body += f"\n\n{needed}"  # a text of staff's own may not take the way back from a runner
        return Template(
            body=fill_in(body, values),
            subject=fill_in_subject(template.subject, values) if template.subject else "",
        )

    def page(self, text: Template, facts: Facts | LinkFacts, locale: Locale, *, qr_source: str | None) -> str:
        """The same as a mail's HTML, everything escaped; with `qr_source`, an address of the QR image, it is a ticket.

        Only our own addresses become links: a name that looks like an address stays a name.
        """
        links = self._own_addresses(facts)
        paragraphs = [
            [_segments(line, links) for line in paragraph.splitlines()]
            for paragraph in re.split(r"\n\s*\n", text.body.strip())
        ]
        return _pages.get_template("mail.html").render(
            locale=locale.value, subject=text.subject, paragraphs=paragraphs, facts=facts, qr_source=qr_source
        )

    def _own_addresses(self, facts: Facts | LinkFacts) -> list[str]:
        """Longest first: the platform's own address is the beginning of all others."""
        if isinstance(facts, LinkFacts):
            own = {self.status_url(link.path) for link in facts.links}
        else:
            own = {self.status_url(facts.status_path), self.ticket_url(facts.ticket_code)} - {NO_VALUE}
        return sorted({*own, self.public_url}, key=len, reverse=True)


def _needed(facts: Facts | LinkFacts) -> str | None:
    """The variable without which a message leaves its reader with no way back; None if there is no such way."""
    if isinstance(facts, LinkFacts):
        return "{links}"
    return "{status_url}" if facts.status_path else None


def _segments(line: str, links: list[str]) -> list[Segment]:
    pattern = "|".join(re.escape(link) for link in links)
    return [Segment(part, part in links) for part in re.split(f"({pattern})", line) if part]
