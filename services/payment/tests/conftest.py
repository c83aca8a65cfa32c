"""Fixtures of the payment tests."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from testkit.clocks import ManualClock
from testkit.plugin import FreshDatabase

from .kept_driver import KeptMoney
from .midtrans_driver import Gateway, gateway_beside
from .payment_driver import PaymentDriver, settings_for
from .refund_driver import GatewayRefunds


@pytest.fixture
def clock() -> ManualClock:
    """Return a clock that tests can move."""
    return ManualClock()


@pytest.fixture
async def driver(fresh_database: FreshDatabase, clock: ManualClock, tmp_path: Path) -> AsyncIterator[PaymentDriver]:
    """Yield payment on an empty database and an empty folder."""
    driver = PaymentDriver(settings_for(await fresh_database("payment"), tmp_path / "images"), clock=clock)
    yield driver
    await driver.close()


@pytest.fixture
async def gateway(driver: PaymentDriver) -> AsyncIterator[Gateway]:
    """Yield the simulated gateway, with an account of it in the settings."""
    async with gateway_beside(driver) as beside:
        yield beside


@pytest.fixture
def refunds(gateway: Gateway) -> GatewayRefunds:
    """Return refunds of payments that came by the gateway."""
    return GatewayRefunds(gateway)


@pytest.fixture
def kept(gateway: Gateway) -> KeptMoney:
    """Return money that came by the gateway and was kept."""
    return KeptMoney(gateway)
