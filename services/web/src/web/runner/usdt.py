"""What the page of a registration shows of paying in USDT."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final

from web.networks import NetworkName, network_of
from web.runner.codes import as_picture
from web.upstream.usdt import Network, PayState, Reason, Transfer, TransferState, UsdtPayment

_OPEN: Final = frozenset({PayState.WAITING, PayState.PARTIAL})
_ENOUGH: Final = frozenset({PayState.SEEN, PayState.PAID})


@dataclass(frozen=True)
class Choice:
    """A network that can be chosen.

    Attributes:
        word: of the network in the API.
        minimum: rupiah that an invoice has to reach; None if this one does.
        is_possible: whether it can be used now.
    """

    word: str
    name: NetworkName
    minimum: Decimal | None
    is_possible: bool


@dataclass(frozen=True)
class Arrival:
    """A transfer to the runner's address.

    Attributes:
        amount: None if it is of another token.
        needed: confirmations until it is final; None if that is when the network calls its block final.
        link: address of the page about it at the network's explorer.
    """

    amount: str | None
    name: NetworkName
    state: TransferState
    confirmations: int
    needed: int | None
    link: str | None
    at: datetime


@dataclass(frozen=True)
class UsdtView:
    """Paying an invoice in USDT, as the page shows it at `now`.

    Attributes:
        payment: None if no amount was asked for.
        due: amount of the invoice, in rupiah.
    """

    payment: UsdtPayment | None
    networks: Sequence[Network]
    due: Decimal
    now: datetime

    @property
    def others(self) -> Sequence[Choice]:
        """Return the networks that the organisers offer, but the one on which something has still to be sent."""
        present = self.payment.network if self.payment is not None and self.is_open else None
        return [self._choice(each) for each in self.networks if each.is_offered and each.network != present]

    def _choice(self, network: Network) -> Choice:
        minimum = network.minimum_order if self.due < network.minimum_order else None
        return Choice(network.network, network_of(network.network), minimum, network.takes(self.due))

    @property
    def name(self) -> NetworkName:
        """Return the network on which the runner sends."""
        return network_of(self.payment.network if self.payment else "")

    @property
    def is_in_trouble(self) -> bool:
        """Return whether payment could not read that network for long."""
        present = self._network(self.payment.network) if self.payment else None
        return present is not None and present.reason is Reason.TROUBLE

    @property
    def is_open(self) -> bool:
        """Return whether something has still to be sent."""
        return self.payment is not None and self.payment.status in _OPEN

    @property
    def has_enough(self) -> bool:
        """Return whether enough has arrived, final or not."""
        return self.payment is not None and self.payment.status in _ENOUGH

    @property
    def is_current(self) -> bool:
        """Return whether the amount holds: neither is its time over, nor has a part of it arrived since."""
        payment = self.payment
        return payment is not None and self.now < payment.locked_until and payment.amount <= payment.missing

    @property
    def is_begun(self) -> bool:
        """Return whether the runner is paying in this way: something has arrived, or the amount holds."""
        return self.is_open and (self.has_arrived or self.is_current)

    @property
    def has_arrived(self) -> bool:
        """Return whether some USDT have arrived."""
        return self.payment is not None and self.payment.received > 0

    @property
    def amount(self) -> str:
        """Return what is to be sent."""
        return shown(self.payment.amount) if self.payment else ""

    @property
    def received(self) -> str:
        """Return what has arrived, final or not."""
        return shown(self.payment.received) if self.payment else ""

    @property
    def missing(self) -> str:
        """Return what is missing, at the newest rate."""
        return shown(self.payment.missing) if self.payment else ""

    @property
    def picture(self) -> str:
        """Return the QR code of the address as the address of a picture."""
        return as_picture(self.payment.address) if self.payment else ""

    @property
    def picture_for_wallets(self) -> str:
        """Return the QR code that has network, token and amount inside, which not every app reads."""
        return as_picture(self.payment.uri, error="l") if self.payment else ""

    @property
    def asks_for_address(self) -> bool:
        """Return whether the page asks where USDT should go back."""
        return self.payment is not None and self.payment.refund_owed

    @property
    def word_back(self) -> str:
        """Return the network on which USDT go back, or the one on which they were to be sent."""
        if self.payment is None:
            return ""
        given = self.payment.refund_address
        return given.network if given else self.payment.network

    @property
    def name_back(self) -> NetworkName:
        """Return the network on which USDT go back."""
        return network_of(self.word_back)

    @property
    def networks_back(self) -> Sequence[tuple[str, str]]:
        """Return the networks on which USDT may go back, and their names."""
        words = [each.network for each in self.networks if each.is_offered]
        if self.payment is not None:
            words.append(self.payment.network)
        return [(word, network_of(word).in_full) for word in dict.fromkeys(words)]

    @property
    def arrivals(self) -> Sequence[Arrival]:
        """Return all transfers to the address, oldest first."""
        return [self._arrival(each) for each in self.payment.transfers] if self.payment else ()

    def _arrival(self, transfer: Transfer) -> Arrival:
        name, network = network_of(transfer.network), self._network(transfer.network)
        return Arrival(
            amount=shown(transfer.amount) if transfer.is_usdt else None,
            name=name,
            state=transfer.state,
            confirmations=transfer.confirmations or 0,
            needed=network.confirmations if network else None,
            link=name.transaction(transfer.tx_hash),
            at=transfer.block_time,
        )

    def _network(self, word: str) -> Network | None:
        return next((each for each in self.networks if each.network == word), None)


def shown(amount: Decimal) -> str:
    """Return an amount of USDT as it is typed into a wallet: with a point, in every language."""
    return f"{amount:f}"
