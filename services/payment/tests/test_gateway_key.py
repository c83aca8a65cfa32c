"""A server key is tried at Midtrans before it is stored."""

import httpx
import pytest
from payment.gateways.account import GatewayAccess
from simulators.midtrans.modes import Mode
from testkit.driver import Answer

from .midtrans_driver import BASE_URL, Gateway
from .payment_driver import PaymentDriver

ACCOUNT = "/settings/midtrans"


async def put(driver: PaymentDriver, server_key: str | None) -> Answer:
    """Enter a server key, with QRIS as what is offered."""
    body = {"server_key": server_key, "offers": ["qris"]}
    return await driver.call("PUT", ACCOUNT, by=driver.staff(), json=body)


async def mode_now(driver: PaymentDriver) -> str | None:
    """Return the mode of the stored account."""
    answer = await driver.call("GET", ACCOUNT, by=driver.staff())
    mode: str | None = answer.require(200)["mode"]
    return mode


async def test_a_key_that_midtrans_accepts_is_stored(driver: PaymentDriver, gateway: Gateway) -> None:
    await put(driver, None)
    stored = (await put(driver, gateway.account.server_key)).require(200)
    assert (stored["key_check"], await mode_now(driver)) == ("accepted", "sandbox")
    assert list(gateway.account.orders()) == []


async def test_a_key_that_midtrans_refuses_is_not_stored(driver: PaymentDriver, gateway: Gateway) -> None:
    (await put(driver, None)).require(200)
    refused = await put(driver, "SB-Mid-server-of-another-account")
    assert refused.is_problem(422, "invalid_fields")
    [error] = refused.body["errors"]
    assert error["field"].endswith("server_key")
    assert "refused by Midtrans (401)" in error["message"]
    assert await mode_now(driver) is None


async def test_a_stored_key_stays_when_another_is_refused(driver: PaymentDriver, gateway: Gateway) -> None:
    await put(driver, "SB-Mid-server-of-another-account")
    charge = await gateway.charge(await driver.register())
    assert charge["order_id"]


@pytest.mark.parametrize("mode", [Mode.DOWN, None])
async def test_a_key_is_stored_untried_while_midtrans_does_not_answer(
    driver: PaymentDriver, gateway: Gateway, mode: Mode | None
) -> None:
    if mode is not None:
        gateway.account.mode = mode
    else:
        driver.app.state.gateway = GatewayAccess(driver.settings.secret_box(), _unreachable(), BASE_URL)
    stored = (await put(driver, "SB-Mid-server-of-another-account")).require(200)
    assert (stored["key_check"], await mode_now(driver)) == ("no_answer", "sandbox")


async def test_nothing_is_tried_without_a_new_key(driver: PaymentDriver, gateway: Gateway) -> None:
    gateway.account.mode = Mode.DOWN
    kept = await driver.call("PUT", ACCOUNT, by=driver.staff(), json={"offers": ["bca"]})
    assert kept.require(200)["key_check"] is None
    assert (await put(driver, None)).require(200)["key_check"] is None


def _unreachable() -> httpx.AsyncClient:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("no route", request=request)

    return httpx.AsyncClient(transport=httpx.MockTransport(refuse))
