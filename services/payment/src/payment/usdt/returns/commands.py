"""Storing the address to which a runner wants USDT back."""

from chassis.auth.principals import Runner
from chassis.database import UnitOfWork
from chassis.errors import InvalidFields
from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import insert

from payment.usdt.evm.addresses import ADDRESS_BYTES, Address, NotAnAddress, parse_address
from payment.usdt.networks.presets import PRESETS
from payment.usdt.networks.tables import UsdtNetwork
from payment.usdt.quotes.tables import PaymentAddress, Quote
from payment.usdt.returns.errors import NETWORK, NOT_AN_ADDRESS, OF_A_CONTRACT, OF_OURS
from payment.usdt.returns.tables import RefundAddress


async def give_address(work: UnitOfWork, network: str, address: str, *, by: Runner) -> None:
    """Store where a runner, who asked for an amount in USDT, wants them back. A new address replaces the one before.

    Args:
        network: one that is offered, or on which the runner was to pay.
        address: as text; see `payment.usdt.evm.addresses.parse_address`.

    Raises:
        InvalidFields: `network` or `address` cannot be used.
    """
    if not await _is_usable(work, network, by):
        raise InvalidFields(("network", NETWORK))
    values = {"network": network, "address": await _own(work, address), "given_at": work.now}
    given = insert(RefundAddress).values(registration_id=by.registration_id, **values)
    await work.session.execute(given.on_conflict_do_update(index_elements=["registration_id"], set_=values))
    await work.audit(by.actor, "usdt_refund_address.give", str(by.registration_id), network=network)


async def _is_usable(work: UnitOfWork, network: str, by: Runner) -> bool:
    found = await work.session.get(UsdtNetwork, network)
    chosen = exists().where(Quote.registration_id == by.registration_id, Quote.network == network)
    return found is not None and (found.enabled or bool(await work.session.scalar(select(chosen))))


async def _own(work: UnitOfWork, text: str) -> Address:
    """Return the address that `text` is, if it can be a person's."""
    try:
        address = parse_address(text)
    except NotAnAddress:
        raise InvalidFields(("address", NOT_AN_ADDRESS)) from None
    if address == bytes(ADDRESS_BYTES):
        raise InvalidFields(("address", NOT_AN_ADDRESS))
    tokens = {each.token_contract for each in PRESETS.values()}
    configured = exists().where(UsdtNetwork.token_contract == address)
    if address in tokens or await work.session.scalar(select(configured)):
        raise InvalidFields(("address", OF_A_CONTRACT))
    if await work.session.scalar(select(exists().where(PaymentAddress.address == address))):
        raise InvalidFields(("address", OF_OURS))
    return address
