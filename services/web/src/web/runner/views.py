"""What the status page shows of a registration."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from chassis.wording import Language, Wording

from web.access import PATH, RunnerAccess
from web.languages import address
from web.runner import rules
from web.runner.rules import Entry, Stage
from web.site.brand import stylesheet_of
from web.upstream.invoices import Instructions, Invoice, Payment
from web.upstream.registrations import Event, Registration, Status
from web.whatsapp import chat

MAYBE_PAYABLE: Final = frozenset({Status.PENDING_PAYMENT, Status.PAYMENT_UPLOADED})
SECONDS_UNTIL_INVOICE: Final = 3
SECONDS_UNTIL_BACK: Final = 20


@dataclass(frozen=True)
class Billing:
    """What payment says. `invoice` is None if there is none yet; `is_away`: payment could not be asked."""

    invoice: Invoice | None = None
    instructions: Instructions | None = None
    is_away: bool = False


@dataclass(frozen=True)
class StatusView:
    """A registration as its status page shows it.

    `number` is that of the address; `refresh` are the seconds until the page loads again by itself, if it does.
    """

    number: str
    code: str
    registration: Registration
    event: Event
    stage: Stage
    deadline: datetime
    now: datetime
    today: date
    billing: Billing
    refused: Payment | None
    is_owed_a_refund: bool
    timeline: Sequence[Entry]
    stylesheet: str | None

    @property
    def is_payable(self) -> bool:
        """Return whether the runner has to pay now."""
        return self.stage in rules.PAYABLE

    @property
    def is_watched(self) -> bool:
        """Return whether the page follows changes."""
        return self.stage not in rules.FINAL

    @property
    def refresh(self) -> int | None:
        """Return after how many seconds the page should be asked for again; None if it need not be."""
        if self.billing.is_away:
            return SECONDS_UNTIL_BACK
        waits = self.stage is Stage.CONFIRMING or (self.is_payable and self.billing.invoice is None)
        return SECONDS_UNTIL_INVOICE if waits else None

    @property
    def bibs(self) -> Sequence[int]:
        """Return the BIB numbers that were given."""
        return [each.bib_number for each in self.registration.participants if each.bib_number is not None]

    @property
    def bib_text(self) -> str:
        """Return the BIB number, the range of the group's numbers, or how many they are."""
        first, last, count = min(self.bibs), max(self.bibs), len(self.bibs)
        if last - first + 1 != count:
            return f"{count} BIB"
        return f"BIB {first}" if count == 1 else f"BIB {first}\N{EN DASH}{last}"

    def own_link(self, language: Language) -> str:
        """Return the path of the secret link in a language."""
        return address(f"{PATH}/{quote(self.number, safe='')}/{quote(self.code, safe='')}", language)


def view_of(access: RunnerAccess, registration: Registration, billing: Billing, now: datetime) -> StatusView:
    """Return what is shown of a registration at `now`."""
    stage = rules.stage_of(registration, billing.invoice, now)
    return StatusView(
        number=access.number,
        code=access.code,
        registration=registration,
        event=registration.event,
        stage=stage,
        deadline=rules.deadline_of(registration, billing.invoice),
        now=now,
        today=now.astimezone(ZoneInfo(registration.event.timezone)).date(),
        billing=billing,
        refused=rules.refusal_of(billing.invoice) if billing.invoice and stage is Stage.REFUSED else None,
        is_owed_a_refund=rules.is_owed_a_refund(stage, billing.invoice),
        timeline=rules.timeline(registration, billing.invoice),
        stylesheet=stylesheet_of(registration.event.brand_color),
    )


def note_to_self(view: StatusView, language: Language, public_url: str) -> str:
    """Return the address at which WhatsApp asks whom to send the link of the registration to."""
    number, link = view.registration.registration_number, public_url + view.own_link(language)
    return chat("", _NOTE.said(language, race=view.event.name, number=number, link=link))


_NOTE = Wording(
    en="My registration {number} for {race}. Status, payment and e-ticket (do not pass this link on): {link}",
    id="Pendaftaran saya {number} untuk {race}. Status, pembayaran, dan e-tiket (jangan sebarkan tautan ini): {link}",
)
