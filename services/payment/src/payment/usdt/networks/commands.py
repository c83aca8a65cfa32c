"""Changing the settings of a network. Its endpoints are probed first, outside any transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from chassis.audit_log import before_and_after
from chassis.auth.principals import Staff
from chassis.database import Database, UnitOfWork
from chassis.errors import InvalidFields
from chassis.wording import Wording
from sqlalchemy.dialects.postgresql import insert

from payment.usdt.evm.addresses import checksum
from payment.usdt.networks.access import ChainAccess, StoredEndpoint
from payment.usdt.networks.errors import EndpointUnusable
from payment.usdt.networks.presets import PRESETS, Network, Preset
from payment.usdt.networks.probing import Expected, probe_all
from payment.usdt.networks.tables import UsdtNetwork

_OF_PRESET: Final = ("token_contract", "confirmations", "minimum_order")
_KEPT: Final = (*_OF_PRESET, "all_tokens", "endpoints", "probed_at")
_NO_ENDPOINTS: Final = Wording(en="Enter the endpoints of this network.", id="Isikan endpoint untuk jaringan ini.")
_NO_SUCH_NUMBER: Final = Wording(
    en="There is no stored endpoint with this number; enter its URL.",
    id="Tidak ada endpoint tersimpan dengan nomor ini; isikan URL-nya.",
)
_PRIVATE: Final = Wording(
    en="Use an endpoint with a public address. This one leads into the platform's own network.",
    id="Pakai endpoint dengan alamat publik. Yang ini mengarah ke jaringan internal platform.",
)


@dataclass(frozen=True)
class EndpointChange:
    """An endpoint: a new one by its `url`, or a stored one by its `number`, from 1."""

    url: str | None = field(repr=False)
    number: int | None
    log_range: int


@dataclass(frozen=True)
class NetworkChange:
    """New settings of a network.

    Attributes:
        endpoints: in the order in which they are used; None to keep the stored ones.
        values: other columns; those that are missing stay, or have the preset's value the first time.
    """

    enabled: bool
    endpoints: Sequence[EndpointChange] | None
    values: Mapping[str, Any]


async def change_network(
    database: Database, access: ChainAccess, network: Network, change: NetworkChange, *, by: Staff
) -> UsdtNetwork:
    """Probe the endpoints of a network, then store its settings and audit what changed. Return them.

    A network that is not offered may be saved without probing, so that one in trouble can be switched off.

    Raises:
        InvalidFields: there are no endpoints, a URL is that of a private host, or an endpoint that is to be kept does
            not exist.
        EndpointUnusable: an endpoint does not serve the network.
    """
    async with database.read() as session:
        row = await session.get(UsdtNetwork, network)
    preset = PRESETS[network]
    sent = {"chain_id": preset.chain_id, "decimals": preset.decimals, "enabled": change.enabled, **change.values}
    endpoints = _endpoints(access, row, change)
    if change.endpoints is not None:
        sent["endpoints"] = access.sealed(endpoints)
    others = _others(preset, row)
    if change.enabled or change.endpoints is not None:
        await _probe(access, network, endpoints, {**others, **sent}, now=database.clock())
        sent["probed_at"] = database.clock()
    async with database.work() as work:
        return await _store(work, network, sent, others, by)


def _others(preset: Preset, row: UsdtNetwork | None) -> dict[str, Any]:
    """Return the columns that a change may leave out: as they are stored, or the preset's the first time."""
    if row is None:
        return {"all_tokens": True, **{name: getattr(preset, name) for name in _OF_PRESET}}
    return {name: getattr(row, name) for name in _KEPT}


def _endpoints(access: ChainAccess, row: UsdtNetwork | None, change: NetworkChange) -> Sequence[StoredEndpoint]:
    stored = [] if row is None else access.stored(row)
    if change.endpoints is None:
        if row is None or (change.enabled and not stored):
            raise InvalidFields(("endpoints", _NO_ENDPOINTS))
        return stored
    return [_endpoint(access, place, each, stored) for place, each in enumerate(change.endpoints)]


def _endpoint(
    access: ChainAccess, place: int, change: EndpointChange, stored: Sequence[StoredEndpoint]
) -> StoredEndpoint:
    if change.url is not None:
        if access.private.refuse(change.url):
            raise InvalidFields((f"endpoints.{place}.url", _PRIVATE))
        return StoredEndpoint(url=change.url, log_range=change.log_range)
    if change.number is None or change.number > len(stored):
        raise InvalidFields((f"endpoints.{place}.number", _NO_SUCH_NUMBER))
    return StoredEndpoint(url=stored[change.number - 1].url, log_range=change.log_range)


async def _probe(
    access: ChainAccess,
    network: Network,
    endpoints: Sequence[StoredEndpoint],
    values: Mapping[str, Any],
    *,
    now: datetime,
) -> None:
    expected = Expected(
        chain_id=values["chain_id"],
        token_contract=values["token_contract"],
        decimals=values["decimals"],
        finalized=values["confirmations"] is None,
        all_tokens=values["all_tokens"],
    )
    found = await probe_all([access.connect(each) for each in endpoints], expected, now=now)
    for number, finding in enumerate(found, start=1):
        if finding is not None:
            raise EndpointUnusable.because(number, finding, confirmations=PRESETS[network].without_finalized)


async def _store(
    work: UnitOfWork, network: Network, sent: Mapping[str, Any], others: Mapping[str, Any], by: Staff
) -> UsdtNetwork:
    """Store the columns that were sent; the `others` only of a network that has no settings yet.

    They were read before the endpoints were probed, and may have been changed since.
    """
    row = await work.session.get(UsdtNetwork, network, with_for_update=True)
    before = {} if row is None else {name: getattr(row, name) for name in sent}
    changed = {**sent, "updated_at": work.now}
    new = insert(UsdtNetwork).values(network=network, **{**others, **changed})
    stored = new.on_conflict_do_update(index_elements=["network"], set_=changed).returning(UsdtNetwork)
    found = (await work.session.execute(stored.execution_options(populate_existing=True))).scalar_one()
    shown = before_and_after(_shown(before), _shown(sent if row else {**others, **sent}), named_only=("endpoints",))
    await work.audit(by.actor, "usdt_network.change", network.value, **shown)
    return found


def _shown(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return columns as the audit log shows them."""
    shown = {name: value for name, value in values.items() if name != "probed_at"}
    return shown | ({"token_contract": checksum(shown["token_contract"])} if "token_contract" in shown else {})
