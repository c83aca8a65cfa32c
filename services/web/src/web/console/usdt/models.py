"""What payment answers about receiving keys, networks, rates and transfers."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

from babel.numbers import format_decimal

from web.formats import NO_BREAK_SPACE
from web.upstream.client import Answer

LATE: Final = timedelta(minutes=5)
"""A chain that was not read up to this time before now is shown as late."""

SOURCES: Final = ("indodax", "coingecko")
"""Public sources of rates."""


def shown_rate(idr_per_usdt: Decimal) -> str:
    """Return a rate as Indonesians write it in both languages, to two decimals: `Rp 16.650,12`."""
    return f"Rp{NO_BREAK_SPACE}{format_decimal(idr_per_usdt, '#,##0.##', locale='id_ID')}"


class Key(Answer):
    """A receiving key, without the key.

    Attributes:
        path: of the account in its wallet.
        first_addresses: for a comparison with the wallet; none if payment cannot decrypt the key.
        given: number of addresses that invoices took.
    """

    key_id: UUID
    path: str
    state: str
    first_addresses: tuple[str, ...]
    given: int
    created_at: datetime
    created_by: UUID
    confirmed_at: datetime | None
    confirmed_by: UUID | None
    retired_at: datetime | None


class Keys(Answer):
    """All receiving keys, the newest first."""

    items: tuple[Key, ...]


class Endpoint(Answer):
    """A stored endpoint. `log_range`: maximum number of blocks in one request for logs."""

    number: int
    host: str
    log_range: int


class Network(Answer):
    """The settings of a network.

    Attributes:
        confirmations: None if transfers wait for the block that the network calls finalized.
        minimum_order: in rupiah.
        all_tokens: whether transfers of other tokens are seen, too.
        updated_at: None if it was never configured.
    """

    network: str
    chain_id: int
    token_contract: str
    decimals: int
    confirmations: int | None
    minimum_order: Decimal
    all_tokens: bool
    enabled: bool
    endpoints: tuple[Endpoint, ...]
    probed_at: datetime | None
    updated_at: datetime | None


class Networks(Answer):
    """The settings of all networks."""

    items: tuple[Network, ...]


class Offer(Answer):
    """A network as runners have it; `reason` says why they cannot choose it."""

    network: str
    available: bool
    reason: str | None = None


class Offers(Answer):
    """All networks as runners have them."""

    items: tuple[Offer, ...]


class Chain(Answer):
    """How far the chain of a network was read; None before the first time.

    Attributes:
        head_time: of the newest block.
        scanned_time: of the last block that was read; `confirmed_time` of the last one that is final.
        stopped: whether it is not read any more until staff have looked.
    """

    network: str
    head_block: int | None
    head_time: datetime | None
    scanned_time: datetime | None
    confirmed_time: datetime | None
    trouble: str | None
    trouble_since: datetime | None
    stopped: bool | None
    updated_at: datetime | None

    def is_late(self, now: datetime) -> bool:
        """Return whether the last block that was read is too old."""
        return self.scanned_time is None or now - self.scanned_time > LATE


class Chains(Answer):
    """The chains of all configured networks."""

    items: tuple[Chain, ...]


class Rate(Answer):
    """A rate in rupiah for one USDT: what a source said, the median of it, or what staff have set.

    Attributes:
        reason: why it is not used.
        note: why staff have set it.
        withdrawn_by: who has ended it at `valid_until`, before the end that was set.
    """

    id: int
    source: str
    idr_per_usdt: Decimal
    observed_at: datetime
    created_at: datetime
    valid_until: datetime | None = None
    reason: str | None = None
    set_by: UUID | None = None
    note: str | None = None
    withdrawn_by: UUID | None = None
    withdrawal_reason: str | None = None

    @property
    def is_by_hand(self) -> bool:
        """Return whether staff have set it."""
        return self.source == "manual"

    @property
    def shown(self) -> str:
        """Return it as Indonesians write it in both languages."""
        return shown_rate(self.idr_per_usdt)


class Source(Answer):
    """A source of rates, and why it gives none."""

    source: str
    trouble: str | None
    trouble_since: datetime | None


class Rates(Answer):
    """The rate that is used now or why there is none, the sources, and a page of rates, the newest first."""

    items: tuple[Rate, ...]
    next_cursor: str | None = None
    current: Rate | None
    reason: str | None
    sources: tuple[Source, ...]

    def newest_of(self, source: str) -> Rate | None:
        """Return what a source said last, as far as this page goes."""
        return next((each for each in self.items if each.source == source), None)

    def trouble_of(self, source: str) -> Source | None:
        """Return a source that gives no rate; None if it does."""
        return next((each for each in self.sources if each.source == source and each.trouble), None)

    @property
    def names(self) -> Sequence[str]:
        """Return the sources of which something is known."""
        asked = {each.source for each in self.sources}
        return [each for each in SOURCES if each in asked or self.newest_of(each)]


class Transfer(Answer):
    """A transfer to the address of an invoice, or a refund.

    Attributes:
        amount: of its token, without zeros at its end.
        settled: `paid`, `kept` or `ignored`; None while undecided.
        confirmations: None if it is gone from its chain.
    """

    id: UUID
    network: str
    tx_hash: str
    token: str
    sender: str
    recipient: str
    amount: str
    kind: str
    state: str
    settled: str | None
    registration_id: UUID | None
    registration_number: str | None
    block_time: datetime
    confirmations: int | None

    @property
    def may_be_assigned(self) -> bool:
        """Return whether it can pay another registration."""
        return self.kind == "usdt" and self.state == "confirmed" and self.settled != "paid"


class Transfers(Answer):
    """A page of transfers, the newest first."""

    items: tuple[Transfer, ...]
    next_cursor: str | None = None


class Assigned(Answer):
    """The payment that a transfer became; None while a second person has to confirm that."""

    payment_id: UUID | None = None
