"""Routes of runners who pay in USDT."""

from typing import Annotated, Final
from uuid import UUID

from chassis.auth.access import ItsRunner, ItsRunnerOrFinance
from chassis.errors import InvalidFields
from chassis.web.dependencies import Read, Work, from_state
from chassis.web.models import Body, Line
from chassis.web.problems import errors
from chassis.web.routing import Router
from pydantic import Field

from payment.invoices.errors import AlreadyPaid, InvoiceCancelled, InvoiceExpired, InvoiceNotFound, ProofPending
from payment.usdt.keys.errors import NoReceivingKey
from payment.usdt.networks.access import ChainAccess
from payment.usdt.pay.errors import BelowMinimum, NetworkNotOffered, NoUsdtQuote
from payment.usdt.pay.offering import offer
from payment.usdt.pay.views import UsdtPayment, find
from payment.usdt.quotes.commands import Terms
from payment.usdt.quotes.tables import PaymentAddress
from payment.usdt.rates.errors import RateUnavailable
from payment.usdt.returns.commands import Target, give_address

router = Router(prefix="/invoices/{registration_id}/usdt", tags=["usdt"])

OwnChains = Annotated[ChainAccess, from_state("chains")]
OwnTerms = Annotated[Terms, from_state("usdt_terms")]

_REFUSALS: Final = errors(
    InvoiceNotFound,
    InvoiceExpired,
    InvoiceCancelled,
    AlreadyPaid,
    ProofPending,
    NetworkNotOffered,
    BelowMinimum,
    RateUnavailable,
    NoReceivingKey,
)


class Choice(Body):
    """The network on which the runner sends."""

    network: Annotated[Line, Field(max_length=20)]


class RefundTarget(Body):
    """Where the runner wants USDT back; never where they came from, which is often an exchange's."""

    network: Annotated[Line, Field(max_length=20)]
    address: Annotated[Line, Field(max_length=100)]


@router.post("", responses=_REFUSALS)
async def choose_network(
    registration_id: UUID, body: Choice, _: ItsRunner, work: Work, chains: OwnChains, terms: OwnTerms
) -> UsdtPayment:
    """Return the address and the amount. Repeated, also for another network, both stay while the rate holds."""
    await offer(work, registration_id, body.network, access=chains, terms=terms)
    found = await find(work.session, registration_id)
    if found is None:
        raise NoUsdtQuote
    return UsdtPayment.of(found)


@router.get("", responses=errors(NoUsdtQuote))
async def show_payment(registration_id: UUID, _: ItsRunnerOrFinance, session: Read) -> UsdtPayment:
    """Return how far the payment is; also long after it, with all that arrived."""
    found = await find(session, registration_id)
    if found is None:
        raise NoUsdtQuote
    return UsdtPayment.of(found)


@router.put("/refund-address", responses=errors(NoUsdtQuote, InvalidFields))
async def store_refund_address(registration_id: UUID, body: RefundTarget, runner: ItsRunner, work: Work) -> UsdtPayment:
    """Store where USDT of this registration go back, if they do; the newest address counts."""
    if await work.session.get(PaymentAddress, registration_id) is None:
        raise NoUsdtQuote
    await give_address(work, Target(body.network, body.address), by=runner)
    found = await find(work.session, registration_id)
    assert found is not None  # noqa: S101  # quotes are not removed
    return UsdtPayment.of(found)
