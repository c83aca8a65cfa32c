"""Storing the address to which a runner wants USDT back."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from chassis.auth.principals import Runner, Staff
from chassis.database import UnitOfWork
from chassis.errors import InvalidFields
from sqlalchemy import exists, select
from sqlalchemy.dialects.postgresql import Insert, insert

from payment.usdt.evm.addresses import ADDRESS_BYTES, Address, NotAnAddress, parse_address
from payment.usdt.networks.presets import PRESETS
from payment.usdt.networks.tables import UsdtNetwork
from payment.usdt.quotes.tables import PaymentAddress, Quote
from payment.usdt.returns.errors import NETWORK, NOT_AN_ADDRESS, OF_A_CONTRACT, OF_OURS, AddressOfRunner
from payment.usdt.returns.tables import RefundAddress


@dataclass(frozen=True)
class Target:
    """Where USDT go back.

    Attributes:
        network: one that is offered, or on which the runner was to pay.
        address: as text; see `payment.usdt.evm.addresses.parse_address`.
    """

    network: str
    address: str


async def give_address(work: UnitOfWork, target: Target, *, by: Runner) -> None:
    """Store where a runner, who asked for an amount in USDT, wants them back. It replaces what was stored before.

    Raises:
        InvalidFields: `network` or `address` cannot be used.
    """
    values = await _values(work, by.registration_id, target)
    await work.session.execute(_upsert(by.registration_id, {**values, "given_by": None, "reason": None}))
    await work.audit(by.actor, "usdt_refund_address.give", str(by.registration_id), network=target.network)


async def enter_address(work: UnitOfWork, registration_id: UUID, target: Target, *, reason: str, by: Staff) -> None:
    """Store where a runner wants USDT back, as staff know it. The runner may replace it at any time.

    Args:
        reason: how they know it.

    Raises:
        AddressOfRunner: the runner has named one.
        InvalidFields: `network` or `address` cannot be used.
    """
    values = await _values(work, registration_id, target)
    stored = _upsert(registration_id, {**values, "given_by": by.id, "reason": reason})
    only_of_staff = stored.returning(RefundAddress.registration_id)
    if (await work.session.execute(only_of_staff)).first() is None:
        raise AddressOfRunner
    after = {"network": target.network, "address": f"…{values['address'].hex()[-6:]}"}
    await work.audit(by.actor, "usdt_refund_address.enter", str(registration_id), after=after, reason=reason)


def _upsert(registration_id: UUID, values: Mapping[str, Any]) -> Insert:
    """Return the statement that stores an address; staff replace no address of the runner."""
    replaceable = None if values["given_by"] is None else RefundAddress.given_by.is_not(None)
    given = insert(RefundAddress).values(registration_id=registration_id, **values)
    return given.on_conflict_do_update(index_elements=["registration_id"], set_=values, where=replaceable)


async def _values(work: UnitOfWork, registration_id: UUID, target: Target) -> dict[str, Any]:
    if not await _is_usable(work, target.network, registration_id):
        raise InvalidFields(("network", NETWORK))
    return {"network": target.network, "address": await _own(work, target.address), "given_at": work.now}


async def _is_usable(work: UnitOfWork, network: str, registration_id: UUID) -> bool:
    found = await work.session.get(UsdtNetwork, network)
    chosen = exists().where(Quote.registration_id == registration_id, Quote.network == network)
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
