"""Rendering of templates to text, and for e-mail to HTML."""

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

_NAMES_PAGE = re.compile(r"(?:^| (?<=[.!?] ))[^.!?\n]*\{status_url\}\.?[ ]*$", re.MULTILINE)

_pages = Environment(
    loader=PackageLoader("notification.templates", "pages"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
)


@dataclass(frozen=True)
class UsdtFacts:
    """The data of a message about a payment in USDT. What a message does not have is None, or empty."""

    amount: Decimal | None = None
    missing: Decimal | None = None
    network: str = ""
    address: str = ""
    tx_hash: str = ""


@dataclass(frozen=True)
class Facts:
    """The data of a message about a registration.

    Attributes:
        amount, payment_deadline: None on the waiting list before an offer.
        position: the place in the line of the waiting list, from 1; None in other messages.
        bib_number, ticket_code, ticket_number: None until the registration is confirmed.
        status_path: path of the registration's page; None for other participants than the person in charge, and while
            the access code is not known.
        has_page: whether the recipient is the person in charge.
        timezone: the race's IANA time zone; None if not known.
    """

    name: str
    registration_number: str
    event_name: str
    event_date: date
    event_location: str
    category_name: str
    amount: Decimal | None
    currency: str
    payment_deadline: datetime | None
    offer_deadline: datetime | None = None
    position: int | None = None
    bib_number: int | None = None
    ticket_code: str | None = None
    ticket_number: str | None = None
    reason: str = ""
    reference: str = ""
    usdt: UsdtFacts = UsdtFacts()
    status_path: str | None = None
    has_page: bool = True
    timezone: str | None = None


@dataclass(frozen=True)
class PersonalLink:
    """A registration, or without a number a waiting-list entry, and the path of its page."""

    registration_number: str | None
    name: str
    event_name: str
    category_name: str
    path: str


@dataclass(frozen=True)
class LinkFacts:
    """The data of a message with requested links."""

    links: tuple[PersonalLink, ...]


@dataclass(frozen=True)
class Segment:
    """A part of a line: text, or a URL of the platform."""

    text: str
    is_link: bool


@dataclass(frozen=True)
class Renderer:
    """Renders templates.

    Args:
        public_url: base URL of links.
        zone: time zone for races without one.
    """

    public_url: str
    zone: ZoneInfo

    @classmethod
    def of(cls, settings: Settings) -> "Renderer":
        """Return the renderer for these settings."""
        return cls(public_url=settings.public_url, zone=ZoneInfo(settings.timezone))

    def values(self, facts: Facts | LinkFacts, locale: Locale) -> Values:
        """Return the values of all variables."""
        if isinstance(facts, LinkFacts):
            return {"links": self._link_lines(facts, locale), "site_url": self.public_url}
        return {
            "name": facts.name,
            "registration_number": facts.registration_number,
            "bib_number": _figure(facts.bib_number),
            "ticket_number": facts.ticket_number or NO_VALUE,
            "event_name": facts.event_name,
            "event_date": formatting.day(facts.event_date, locale),
            "event_location": facts.event_location,
            "category_name": facts.category_name,
            "amount": NO_VALUE if facts.amount is None else formatting.money(facts.amount, facts.currency, locale),
            "payment_deadline": self.moment(facts.payment_deadline, facts, locale),
            "offer_deadline": self.moment(facts.offer_deadline, facts, locale),
            "position": _figure(facts.position),
            "reason": _lines(formatting.reason(facts.reason, locale)),
            "reference": facts.reference,
            **_usdt_values(facts.usdt),
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
        """Return a time in the zone of the race, or `-` for None."""
        if value is None:
            return NO_VALUE
        return formatting.moment(value, formatting.zone_named(facts.timezone, self.zone), locale)

    def status_url(self, path: str | None) -> str:
        """Return the URL of a path; for None that of the platform."""
        return f"{self.public_url}{path or ''}"

    def ticket_url(self, ticket_code: str | None) -> str:
        """Return the URL of a ticket's QR image, or `-` for None."""
        if ticket_code is None:
            return NO_VALUE
        return f"{self.public_url}/api/registration/v1/tickets/{ticket_code}.png"

    def text(self, template: Template, facts: Facts | LinkFacts, locale: Locale) -> Template:
        """Return the rendered subject and body."""
        values = self.values(facts, locale)
        body, needed = template.body, _needed(facts)
        if isinstance(facts, Facts) and not facts.has_page:
            body = _without_page(body)
        if needed and needed not in body:
            body += f"\n\n{needed}"  # a custom template must not drop the link to the registration
        return Template(
            body=fill_in(body, values),
            subject=fill_in_subject(template.subject, values) if template.subject else "",
        )

    def page(self, text: Template, facts: Facts | LinkFacts, locale: Locale, *, qr_source: str | None) -> str:
        """Return a rendered text as escaped HTML, with the QR image at `qr_source` unless that is None.

        Only URLs of the platform become links: a name that looks like a URL stays text.
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
        """Return the URLs that become links, longest first: the base URL is a prefix of the others."""
        if isinstance(facts, LinkFacts):
            own = {self.status_url(link.path) for link in facts.links}
        else:
            own = {self.status_url(facts.status_path), self.ticket_url(facts.ticket_code)} - {NO_VALUE}
        return sorted({*own, self.public_url}, key=len, reverse=True)


def _figure(value: int | None) -> str:
    return NO_VALUE if value is None else str(value)


def _lines(reason: str) -> tuple[str, ...]:
    """Return the lines of a reason: staff choose one that has a line for each language."""
    return tuple(each for each in reason.splitlines() if each.strip())


def _usdt_values(usdt: UsdtFacts) -> dict[str, str]:
    return {
        "usdt_amount": NO_VALUE if usdt.amount is None else formatting.usdt(usdt.amount),
        "usdt_missing": NO_VALUE if usdt.missing is None else formatting.usdt(usdt.missing),
        "usdt_network": formatting.network(usdt.network),
        "usdt_address": usdt.address,
        "usdt_transaction": usdt.tx_hash,
    }


def _needed(facts: Facts | LinkFacts) -> str | None:
    """Return the variable with the link that every message must contain; None if there is no link."""
    if isinstance(facts, LinkFacts):
        return "{links}"
    return "{status_url}" if facts.status_path else None


def _without_page(body: str) -> str:
    """Return the body without sentences that end a line with the address of the registration's page."""
    return re.sub(r"\n{3,}", "\n\n", _NAMES_PAGE.sub("", body)).strip()


def _segments(line: str, links: list[str]) -> list[Segment]:
    pattern = "|".join(re.escape(link) for link in links)
    return [Segment(part, part in links) for part in re.split(f"({pattern})", line) if part]
