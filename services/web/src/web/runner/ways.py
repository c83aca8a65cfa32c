"""The ways to pay an invoice: their addresses, which are offered, and which one a page shows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from web.runner.banks import BankGuide, guide_of
from web.runner.rules import refusal_of
from web.upstream.charges import BY_GATEWAY, Charge, Method, Obstacle, Offer
from web.upstream.invoices import Instructions, Invoice
from web.upstream.usdt import Network, UsdtPayment

_LISTED: Final = (Method.GATEWAY_QRIS, Method.GATEWAY_VA, Method.TRANSFER, Method.QRIS)
_ORDER: Final = (Method.GATEWAY_QRIS, Method.GATEWAY_VA, Method.USDT, Method.TRANSFER, Method.QRIS)
"""First those that are confirmed without people."""

_BY_PROOF: Final = frozenset({Method.TRANSFER, Method.QRIS})


@dataclass(frozen=True)
class Way:
    """A way to pay. `bank` is that of a virtual account."""

    method: Method
    bank: str | None = None

    @property
    def slug(self) -> str:
        """Return its word in addresses."""
        return self.method.value if self.bank is None else f"{self.method.value}-{self.bank}"

    @property
    def by_gateway(self) -> bool:
        """Return whether the payment gateway confirms it."""
        return self.method in BY_GATEWAY

    @property
    def needs_proof(self) -> bool:
        """Return whether the runner sends a proof; otherwise it is confirmed without people."""
        return self.method in _BY_PROOF

    @property
    def guide(self) -> BankGuide | None:
        """Return the bank of the virtual account and how to pay there; None for other ways."""
        return guide_of(self.bank) if self.bank else None

    @classmethod
    def of_slug(cls, slug: str) -> Self | None:
        """Return the way that a word in an address means; None if it means none."""
        method, _, bank = slug.partition("-")
        found = Method(method)
        is_complete = (found is Method.GATEWAY_VA) == (bank.isascii() and bank.isalnum())
        has_no_more = bool(bank) == ("-" in slug)
        return cls(found, bank or None) if found is not Method.OTHER and is_complete and has_no_more else None

    @classmethod
    def of_charge(cls, charge: Charge) -> Self:
        """Return the way in which a charge is paid."""
        return cls(charge.method, charge.bank)


@dataclass(frozen=True)
class Option:
    """A way to pay that the organisers offer, and why it cannot be used just now, if it cannot."""

    way: Way
    obstacle: Obstacle | None = None


@dataclass(frozen=True)
class Wish:
    """What a visitor asks to see about paying: one way, the choice of all, or what fits how far they are."""

    way: Way | None = None
    is_choice: bool = False

    @property
    def path(self) -> str:
        """Return the end of the address of the page that shows it."""
        return f"/pay/{self.way.slug}" if self.way else "/pay" if self.is_choice else ""

    @classmethod
    def of(cls, slug: str) -> Self:
        """Return the wish of a form that was sent from the page of a way; none if it names no way."""
        return cls(Way.of_slug(slug))


NO_WISH: Final = Wish()
IN_USDT: Final = Way(Method.USDT)


def options_of(offers: Iterable[Offer]) -> Sequence[Option]:
    """Return what the organisers offer of the listed ways."""
    known = [each for each in offers if each.method in _LISTED and each.reason is not Obstacle.NOT_OFFERED]
    return [Option(Way(each.method, each.bank), _obstacle(each)) for each in known]


def _obstacle(offer: Offer) -> Obstacle | None:
    return None if offer.available else offer.reason or Obstacle.OTHER


def options_by(instructions: Instructions) -> Sequence[Option]:
    """Return what can be paid by these instructions alone, as from a payment service that lists no ways."""
    by_proof = {Method.TRANSFER: instructions.has_account, Method.QRIS: bool(instructions.qris_image)}
    return [Option(Way(method)) for method, offered in by_proof.items() if offered]


def options_in_usdt(networks: Iterable[Network], invoice: Invoice) -> Sequence[Option]:
    """Return payment in USDT if there is a network on which this invoice can be paid now."""
    return [Option(IN_USDT)] if any(each.takes(invoice.amount) for each in networks) else []


def in_order(options: Iterable[Option]) -> Sequence[Option]:
    """Return ways in the order in which they are shown."""
    return sorted(options, key=lambda each: _ORDER.index(each.way.method))


def way_to_show(wish: Wish, options: Sequence[Option], begun: Sequence[Way]) -> Way | None:
    """Return the way whose details a page shows; None for the choice.

    Args:
        begun: see `ways_begun`. Of those that need a proof only what is still offered is shown.
    """
    offered = [each.way for each in options]
    known = {*offered, *(each for each in begun if not each.needs_proof)}
    if wish.way or wish.is_choice:
        return wish.way if wish.way in known else None
    found = next((each for each in begun if each in known), None)
    return Way(Method.QRIS) if found is None and offered == [Way(Method.QRIS)] else found


def ways_begun(invoice: Invoice, active: Charge | None, usdt: UsdtPayment | None, now: datetime) -> Sequence[Way]:
    """Return the ways that the runner has begun with, the one first that is most likely the one they are at.

    That is the one in which a part has arrived, or that of the active charge, or the one whose amount holds for
    minutes. Then come that of the proof that was refused, and those whose amount they have asked for.
    """
    return list(dict.fromkeys(_begun(invoice, active, usdt, now)))


def _begun(invoice: Invoice, active: Charge | None, usdt: UsdtPayment | None, now: datetime) -> Iterator[Way]:
    if usdt is not None and usdt.received:
        yield IN_USDT
    if active is not None:
        yield Way.of_charge(active)
    if usdt is not None and now < usdt.locked_until:
        yield IN_USDT
    refused = refusal_of(invoice)
    if refused is not None and Method(refused.payment_method) in _BY_PROOF:
        yield Way(Method(refused.payment_method))
    if invoice.payable_amount is not None:
        yield Way(Method.TRANSFER)
    if usdt is not None:
        yield IN_USDT
