"""What the status page shows of a registration."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.wording import Language, Wording

from web.access import PATH, RunnerAccess
from web.runner import rules
from web.runner.choosing import Trouble
from web.runner.codes import as_picture
from web.runner.reading import Billing
from web.runner.rules import Entry, Stage
from web.runner.usdt import UsdtView
from web.runner.ways import IN_USDT, Option, Way, Wish
from web.site.brand import stylesheet_of
from web.upstream.charges import Charge, ChargeStatus, Method
from web.upstream.invoices import Payment, Refund
from web.upstream.packs import CollectedPack
from web.upstream.registrations import Event, Registration
from web.whatsapp import chat

SECONDS_UNTIL_INVOICE: Final = 3
SECONDS_UNTIL_BACK: Final = 20
SECONDS_UNTIL_BLOCK: Final = 15
SECONDS_WITHOUT_SCRIPT: Final = 30


@dataclass(frozen=True)
class StatusView:
    """A registration as its status page shows it.

    `refresh` are the seconds until the page loads again by itself, if it does. `packs` are the race packs that were
    handed out, by participant.
    """

    access: RunnerAccess
    wish: Wish
    registration: Registration
    event: Event
    stage: Stage
    deadline: datetime
    now: datetime
    today: date
    billing: Billing
    refused: Payment | None
    is_owed_a_refund: bool
    refunds: Sequence[Refund]
    timeline: Sequence[Entry]
    stylesheet: str | None
    usdt: UsdtView
    packs: Mapping[UUID, CollectedPack]

    @property
    def number(self) -> str:
        """Return the registration number, as in the address of the page."""
        return self.access.number

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
        if self.billing.is_away or self.stage is Stage.SETTLING:
            return SECONDS_UNTIL_BACK
        waits = self.stage is Stage.CONFIRMING or (self.is_payable and self.billing.invoice is None)
        if waits or self._is_asking:
            return SECONDS_UNTIL_INVOICE
        return SECONDS_UNTIL_BLOCK if self._awaits_transfer else None

    @property
    def _awaits_transfer(self) -> bool:
        """Return whether something may change of which the stream of the registration's changes does not tell."""
        return self.stage is Stage.SEEN or (self.is_payable and self.way == IN_USDT and self.usdt.is_open)

    @property
    def refresh_without_script(self) -> int | None:
        """Return the same for a browser that cannot follow the stream of changes."""
        changes_soon = self.charge is not None or self.stage is Stage.CHECKING
        return self.refresh or (SECONDS_WITHOUT_SCRIPT if changes_soon else None)

    @property
    def _is_asking(self) -> bool:
        return self.charge is not None and self.charge.status is ChargeStatus.ASKING

    @property
    def address(self) -> str:
        """Return the path of the page in Indonesian."""
        return f"{PATH}/{self.number}{self.wish.path}"

    @property
    def way(self) -> Way | None:
        """Return the way to pay whose details are shown; None for the choice."""
        return self.billing.way

    @property
    def option(self) -> Option | None:
        """Return the way that is shown as the organisers offer it; None if they do not any more."""
        return next((each for each in self.billing.options if each.way == self.way), None)

    @property
    def charge(self) -> Charge | None:
        """Return the charge to pay in the way that is shown; None if there is none."""
        active = self.billing.active if self.is_payable else None
        return active if active is not None and Way.of_charge(active) == self.way else None

    @property
    def other(self) -> Way | None:
        """Return the way of the active charge, if it is another one than the way that is shown."""
        return Way.of_charge(self.billing.active) if self.billing.active and not self.charge else None

    def is_begun(self, way: Way) -> bool:
        """Return whether the runner has begun to pay in this way: its charge is open, or its amount was asked for."""
        if way == IN_USDT:
            return self.usdt.is_begun and (self.billing.active is None or self.usdt.has_arrived)
        if self.billing.active is not None:
            return Way.of_charge(self.billing.active) == way
        asked = self.billing.invoice is not None and self.billing.invoice.payable_amount is not None
        return asked and way.method is Method.TRANSFER

    @property
    def is_replaceable(self) -> bool:
        """Return whether there is another way to choose."""
        return any(each.way != self.way for each in self.billing.options)

    @property
    def ways_without_proof(self) -> Sequence[Option]:
        """Return the ways that are confirmed without people."""
        return [each for each in self.billing.options if not each.way.needs_proof]

    @property
    def ways_by_proof(self) -> Sequence[Option]:
        """Return the ways for which the runner sends a proof."""
        return [each for each in self.billing.options if each.way.needs_proof]

    @property
    def needs_proof(self) -> bool:
        """Return whether the runner has to send a proof, as far as they have chosen."""
        return self.way.needs_proof if self.way else not self.ways_without_proof

    @property
    def takes_proofs(self) -> bool:
        """Return whether the form for a proof is shown: there is a way that needs one, or no way that is known."""
        return self.way.needs_proof if self.way else bool(self.ways_by_proof) or not self.billing.options

    @property
    def methods_of_proofs(self) -> Sequence[Method]:
        """Return in which ways a payment with a proof can have been made: those offered, or both if none is known."""
        return [each.way.method for each in self.ways_by_proof] or [Method.QRIS, Method.TRANSFER]

    @property
    def is_by_qris(self) -> bool:
        """Return whether a proof is more likely one of a payment by QRIS than by transfer."""
        offers = self.offers(Way(Method.QRIS)) and not self.is_begun(Way(Method.TRANSFER))
        return self.way.method is Method.QRIS if self.way else offers

    def offers(self, way: Way) -> bool:
        """Return whether the organisers offer a way to pay, be it possible just now or not."""
        return any(each.way == way for each in self.billing.options)

    @property
    def shows_usdt(self) -> bool:
        """Return whether the page shows the result of a payment in USDT that takes no more transfers."""
        is_ended = self.stage in {Stage.OVERDUE, Stage.EXPIRED, Stage.CANCELLED}
        return not self.is_payable and self.usdt.payment is not None and (bool(self.usdt.arrivals) or is_ended)

    def place_of(self, trouble: Trouble) -> str | None:
        """Return the id of the element beside which the error is shown; None if the page does not have it."""
        if trouble.network is not None and self.way == trouble.way:
            is_there = any(each.word == trouble.network for each in self.usdt.others)
            return f"network-{trouble.network}" if is_there else None
        return f"way-{trouble.way.slug}" if self.way is None and self.offers(trouble.way) else None

    @property
    def picture(self) -> str | None:
        """Return the QR code of the charge as the address of a picture; None if it has none."""
        return as_picture(self.charge.qr_string) if self.charge and self.charge.qr_string else None

    @property
    def is_collected(self) -> bool:
        """Return whether the race packs of all participants were handed out."""
        return all(each.participant_id in self.packs for each in self.registration.participants)

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


def view_of(
    access: RunnerAccess,
    registration: Registration,
    billing: Billing,
    now: datetime,
    wish: Wish,
    packs: Mapping[UUID, CollectedPack],
) -> StatusView:
    """Return what is shown of a registration at `now`."""
    due = billing.invoice.amount if billing.invoice is not None else registration.total_amount
    usdt = UsdtView(billing.usdt, billing.networks, due, now)
    settles = billing.settling is not None
    stage = rules.stage_of(registration, billing.invoice, now, settles=settles, is_seen=usdt.has_enough)
    return StatusView(
        access=access,
        wish=wish,
        registration=registration,
        event=registration.event,
        stage=stage,
        deadline=rules.deadline_of(registration, billing.invoice),
        now=now,
        today=now.astimezone(ZoneInfo(registration.event.timezone)).date(),
        billing=billing,
        refused=rules.refusal_of(billing.invoice) if billing.invoice and stage is Stage.REFUSED else None,
        is_owed_a_refund=rules.is_owed_a_refund(stage, billing.invoice),
        refunds=rules.refunds_of(billing.invoice),
        timeline=rules.timeline(registration, billing.invoice),
        stylesheet=stylesheet_of(registration.event.brand_color),
        usdt=usdt,
        packs=packs,
    )


def note_to_self(view: StatusView, language: Language, public_url: str) -> str:
    """Return the address at which WhatsApp asks whom to send the link of the registration to."""
    number, link = view.registration.registration_number, public_url + view.access.own_link(language)
    return chat("", _NOTE.said(language, race=view.event.name, number=number, link=link))


_NOTE = Wording(
    en="My registration {number} for {race}. Status, payment and e-ticket (do not pass this link on): {link}",
    id="Pendaftaran saya {number} untuk {race}. Status, pembayaran, dan e-tiket (jangan sebarkan tautan ini): {link}",
)
