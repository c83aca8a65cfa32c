"""Networks: anyone sees which can be used and why others cannot."""

from collections.abc import AsyncIterator, Collection
from datetime import datetime

import pytest
from payment.usdt.networks.presets import PRESETS, Network
from payment.usdt.watch.queries import watched_networks
from sqlalchemy.ext.asyncio import AsyncSession

from .payment_driver import PaymentDriver
from .payment_usdt_keys import activate
from .payment_usdt_networks import ONE, Networks, endpoints

DEFAULTS = {
    "ethereum": (1, "0xdAC17F958D2ee523a2206206994597C13D831ec7", 6, 12, "500000.00"),
    "polygon": (137, "0xc2132D05D31c914a87C6611C10748AEb04B58e8F", 6, None, "0.00"),
    "bsc": (56, "0x55d398326f99059fF775485246999027B3197955", 18, 15, "0.00"),
    "arbitrum": (42161, "0xFd086bC7CD5C481DCC9C85ebE478A1C0b69FCbb9", 6, 20, "0.00"),
}
FACTS = ("chain_id", "token_contract", "decimals", "confirmations", "minimum_order")


@pytest.fixture
async def networks(driver: PaymentDriver) -> AsyncIterator[Networks]:
    networks = Networks(driver)
    yield networks
    await networks.http.aclose()


async def set_rate(driver: PaymentDriver) -> None:
    await driver.execute(
        "INSERT INTO usdt_rates (source, idr_per_usdt, observed_at, created_at, accepted)"
        " VALUES ('median', 16650, :now, :now, true)",
        now=driver.clock(),
    )


async def reasons(networks: Networks) -> dict[str, str | None]:
    shown = await networks.shown()
    assert {each["available"] == (each["reason"] is None) for each in shown.values()} == {True}
    return {name: each["reason"] for name, each in shown.items()}


async def test_networks_that_were_never_configured_have_their_defaults_and_are_not_offered(networks: Networks) -> None:
    shown = await networks.shown()
    assert {name: tuple(each[fact] for fact in FACTS) for name, each in shown.items()} == DEFAULTS
    assert {(each["available"], each["reason"]) for each in shown.values()} == {(False, "not_offered")}


async def test_a_network_can_be_used_once_it_has_endpoints_a_key_and_a_rate(networks: Networks) -> None:
    others = dict.fromkeys(set(DEFAULTS) - {"ethereum"}, "not_offered")
    await networks.configure()
    assert await reasons(networks) == {"ethereum": "not_ready", **others}
    await activate(networks.driver)
    assert await reasons(networks) == {"ethereum": "no_rate", **others}
    await set_rate(networks.driver)
    assert await reasons(networks) == {"ethereum": None, **others}


async def test_a_network_in_trouble_cannot_be_used_and_others_can(networks: Networks) -> None:
    # given
    await networks.configure()
    other = Networks(networks.driver, Network.BSC)
    await other.configure()
    await activate(networks.driver)
    await set_rate(networks.driver)

    async def troubled(_: AsyncSession, now: datetime) -> Collection[int]:
        assert now.tzinfo is not None
        return {PRESETS[Network.BSC].chain_id}

    # when
    networks.use(troubled)
    # then
    found = await reasons(networks)
    assert (found["ethereum"], found["bsc"]) == (None, "trouble")
    await other.http.aclose()


async def test_a_network_that_is_switched_off_is_not_offered_and_not_watched(networks: Networks) -> None:
    async def watched() -> list[str]:
        async with networks.driver.database.read() as session:
            return [each.network for each in await watched_networks(session, networks.driver.clock())]

    await networks.configure()
    assert await watched() == ["ethereum"]
    await networks.change(enabled=False)
    assert await watched() == []
    assert (await reasons(networks))["ethereum"] == "not_offered"


async def test_payers_see_the_settings_that_the_owner_chose(networks: Networks) -> None:
    await networks.configure(confirmations=None, minimum_order="750000")
    shown = (await networks.shown())["ethereum"]
    assert (shown["confirmations"], shown["minimum_order"]) == (None, "750000.00")


@pytest.mark.parametrize("network", Network)
async def test_each_network_can_be_configured_with_its_defaults(driver: PaymentDriver, network: Network) -> None:
    networks = Networks(driver, network)
    configured = await networks.change(endpoints=endpoints(ONE))
    assert tuple(configured[fact] for fact in FACTS) == DEFAULTS[network]
    assert (configured["enabled"], configured["all_tokens"]) == (True, True)
    await networks.http.aclose()
