"""Routes for networks: anyone sees which can be used, the owner changes their settings."""

from typing import Annotated

from chassis.auth.access import Owner, public
from chassis.errors import InvalidFields
from chassis.web.dependencies import OwnDatabase, Read, from_state
from chassis.web.problems import errors
from chassis.web.routing import Router

from payment.usdt.networks import commands, queries
from payment.usdt.networks.access import ChainAccess
from payment.usdt.networks.errors import EndpointUnusable
from payment.usdt.networks.models import Networks, NetworkSettings, NetworkSettingsView, NetworkView, NewNetwork
from payment.usdt.networks.presets import Network

router = Router(prefix="/usdt/networks", tags=["usdt"])

OwnChains = Annotated[ChainAccess, from_state("chains")]


@router.get("", dependencies=[public])
async def list_networks(session: Read, chains: OwnChains, database: OwnDatabase) -> Networks:
    """Return all networks, and why those that cannot be used now cannot."""
    found = await queries.offers(session, chains, now=database.clock())
    return Networks(items=[NetworkView.of(each) for each in found])


@router.get("/settings")
async def list_settings(_: Owner, session: Read, chains: OwnChains) -> NetworkSettings:
    """Return the settings of all networks, with the defaults of those that were never configured."""
    rows = await queries.settings_by_network(session)
    return NetworkSettings(items=[NetworkSettingsView.of(each, rows.get(each), chains) for each in Network])


@router.put("/{network}/settings", responses=errors(EndpointUnusable, InvalidFields))
async def change_settings(
    network: Network, body: NewNetwork, staff: Owner, database: OwnDatabase, chains: OwnChains
) -> NetworkSettingsView:
    """Change the settings of a network. Its endpoints are probed first, which takes up to 20 seconds."""
    row = await commands.change_network(database, chains, network, body.change(), by=staff)
    return NetworkSettingsView.of(network, row, chains)
