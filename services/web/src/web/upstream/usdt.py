"""What payment's API answers about paying an invoice in USDT, and the networks on which that is possible."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Final
from uuid import UUID

import httpx
from chassis.clock import Clock
from chassis.single_flight import SingleFlightCache
from chassis.telemetry import correlation_id, logger
from pydantic import ValidationError

from web.networks import NetworkName, network_of
from web.upstream.client import Answer, whole_answer
from web.upstream.words import OpenWords

log = logger(__name__)

_CACHED_FOR: Final = timedelta(seconds=5)
_PATH: Final = "/api/payment/v1/usdt/networks"
_PAYS: Final = frozenset({"pending", "confirmed"})
"""What the chain says about a transaction that pays a refund."""


class Reason(OpenWords):
    """Why a network cannot be used.

    Attributes:
        TROUBLE: payment could not read it for long.
    """

    NOT_OFFERED = "not_offered"
    TROUBLE = "trouble"
    OTHER = "other"


class Network(Answer):
    """A network, and why it cannot be used.

    Attributes:
        confirmations: until a transfer is final; None if that is when the network calls its block final.
        minimum_order: rupiah; invoices of less are not paid on it.
    """

    network: str
    confirmations: int | None
    minimum_order: Decimal = Decimal(0)
    available: bool
    reason: Reason | None = None

    @property
    def is_offered(self) -> bool:
        """Return whether the organisers offer it, be it possible just now or not."""
        return self.reason is not Reason.NOT_OFFERED

    def takes(self, amount: Decimal) -> bool:
        """Return whether an invoice of so many rupiah can be paid on it now."""
        return self.available and amount >= self.minimum_order


class _Networks(Answer):
    items: tuple[Network, ...]


class PayState(OpenWords):
    """How far a payment is.

    Attributes:
        PARTIAL: something has arrived, and more is missing.
        SEEN: enough has arrived, and is not final yet.
        CLOSED: the registration ended without it.
    """

    WAITING = "waiting"
    PARTIAL = "partial"
    SEEN = "seen"
    PAID = "paid"
    CLOSED = "closed"
    OTHER = "other"


class TransferState(OpenWords):
    """States of a transfer. One that `FAILED` is not in the chain any more."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    FAILED = "failed"
    OTHER = "other"


class Transfer(Answer):
    """A transfer to the address of an invoice. Its `amount` is meaningless if it `is_usdt` not."""

    network: str
    tx_hash: str
    amount: Decimal
    state: TransferState
    is_usdt: bool
    confirmations: int | None
    block_time: datetime


class RefundAddress(Answer):
    """Where a runner wants USDT back."""

    network: str
    address: str


class UsdtRefund(Answer):
    """How money that came in USDT goes back, or went, as staff see it.

    Attributes:
        amount: in USDT.
        network, address: the runner's; None until they are named.
        given_by: the member of staff who entered them for the runner, and `given_reason` the reason they gave; None if
            the runner did.
        check: what the chain says about the transaction that was recorded; None if it was not asked.
    """

    network: str | None
    address: str | None
    amount: Decimal
    check: str | None
    checked_at: datetime | None
    given_by: UUID | None = None
    given_reason: str | None = None

    @property
    def is_of_runner(self) -> bool:
        """Return whether the runner has named the address, which staff leave as it is."""
        return self.address is not None and self.given_by is None

    def may_be_corrected(self, reference: str | None) -> bool:
        """Return whether another transaction may be recorded than one, which pays nothing as far as is known."""
        return reference is not None and reference.startswith("0x") and self.check not in _PAYS

    @property
    def name(self) -> NetworkName:
        """Return the network."""
        return network_of(self.network or "")

    def transaction(self, reference: str) -> str | None:
        """Return the address of the page about a transaction at the network's explorer."""
        return self.name.transaction(reference)


class UsdtPayment(Answer):
    """How an invoice is paid in USDT.

    Attributes:
        amount: what was asked for last; all of the invoice, or what was left of it then.
        rate: rupiah for one USDT; it holds until `locked_until`, and so does the amount.
        uri: asks for `amount` in wallets that read EIP-681.
        missing: zero once enough has arrived.
        confirmations: see `Network`.
        refund_owed: whether USDT go back, or wait for a decision.
        refund_address: None until it is named.
    """

    network: str
    address: str
    amount: Decimal
    rate: Decimal
    locked_until: datetime
    uri: str
    status: PayState
    received: Decimal
    missing: Decimal
    confirmations: int | None
    transfers: tuple[Transfer, ...] = ()
    refund_owed: bool = False
    refund_address: RefundAddress | None = None


class UsdtNetworks:
    """Reads the networks. They are cached for five seconds, for all visitors of the process.

    Args:
        http: client with the base URL of payment's API.
    """

    def __init__(self, http: httpx.AsyncClient, *, clock: Clock) -> None:
        self._http = http
        self._cached = SingleFlightCache(self._read, age=_CACHED_FOR, clock=clock)

    async def get(self) -> Sequence[Network]:
        """Return the networks; none from a payment service that does not list them or does not answer."""
        return await self._cached.get()

    async def _read(self) -> Sequence[Network]:
        try:
            async with whole_answer(self._http.timeout.read):
                answer = await self._http.get(_PATH, headers={"X-Correlation-Id": correlation_id()})
            if answer.status_code == httpx.codes.NOT_FOUND:
                return ()
            answer.raise_for_status()
            return _Networks.model_validate_json(answer.content).items
        except (httpx.HTTPError, TimeoutError, ValidationError) as error:
            log.warning("usdt_networks_unavailable", error=type(error).__name__)
            return ()
