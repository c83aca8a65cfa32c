"""Paying by taps on a phone: the gateway's QRIS and virtual accounts, and the transfer with its unique amount."""

from collections.abc import Sequence
from typing import Any

import httpx
import pytest
from playwright.async_api import expect
from standalone.journey.client import Site
from standalone.journey.people import Crowd

from .conftest import Arrive, OpenFront
from .desk import Desk
from .devices import PHONE, PHONE_WITHOUT_SCRIPTS, Device
from .front import Send
from .looks import too_wide
from .pages import Runner
from .races import OPEN, Races

_PHONES = pytest.mark.parametrize("phone", [PHONE, PHONE_WITHOUT_SCRIPTS], ids=["with scripts", "without scripts"])
_WHILE_IT_SETTLES_MS = 90_000


class Gateway:
    """The simulated gateway, and what payment knows of its charges."""

    def __init__(self, site: Site, races: Races) -> None:
        self._site, self._staff = site, races.staff

    async def charges_of(self, number: str) -> Sequence[dict[str, Any]]:
        """Return the charges of a registration, newest first."""
        [found] = await Desk(self._staff).registrations_of(number)
        path = f"/payment/v1/invoices/{found['registration_id']}/charges"
        return list((await self._staff.call("GET", path))["items"])

    async def takes_the_money_for(self, number: str) -> None:
        """Let a runner pay the newest charge in the app of a bank or wallet."""
        order = {"order_id": (await self.charges_of(number))[0]["order_id"]}
        (await self._site.http.post(f"{self._site.simulators}/midtrans/pay", json=order)).raise_for_status()


@pytest.fixture
def gateway(site: Site, races: Races) -> Gateway:
    return Gateway(site, races)


async def _registered(runner: Runner, races: Races, crowd: Crowd) -> str:
    """Register a runner and wait for the ways to pay."""
    number = await runner.registers(OPEN, "5k", crowd.form(races.categories["5k"]["id"]))
    await runner.sees_how_to_pay(number)
    return number


@_PHONES
async def test_the_code_is_scanned_and_the_page_turns_to_paid_by_itself(
    phone: Device, arrive: Arrive, races: Races, crowd: Crowd, gateway: Gateway
) -> None:
    runner = Runner(await arrive(phone), has_scripts=phone.has_scripts)
    number = await _registered(runner, races, crowd)
    await runner.chooses_way("midtrans_qris")
    assert await too_wide(runner.page) == []
    [charge] = await gateway.charges_of(number)
    assert await runner.reads_codes() == [charge["qr_string"]]

    await gateway.takes_the_money_for(number)

    await expect(runner.page.locator("h1")).to_contain_text("Terverifikasi", timeout=_WHILE_IT_SETTLES_MS)


async def test_the_picture_can_be_saved_for_the_gallery(
    arrive: Arrive, races: Races, crowd: Crowd, gateway: Gateway
) -> None:
    runner = Runner(await arrive())
    number = await _registered(runner, races, crowd)
    await runner.chooses_way("midtrans_qris")
    async with runner.page.expect_download() as saving:
        await runner.page.locator("a[download]").click()
    assert (await saving.value).suggested_filename == f"qris-{number}.png"


@_PHONES
async def test_another_way_replaces_the_first_and_a_double_tap_makes_one_charge(
    phone: Device, arrive: Arrive, races: Races, crowd: Crowd, gateway: Gateway
) -> None:
    runner = Runner(await arrive(phone), has_scripts=phone.has_scripts)
    number = await _registered(runner, races, crowd)
    await runner.way("midtrans_va-bca").dblclick(no_wait_after=True)
    await expect(runner.page.locator(".copyable").first).to_be_visible()
    [first] = await gateway.charges_of(number)
    assert await too_wide(runner.page) == []

    # when the runner goes back with the browser and sees what is open, and then takes another bank
    await runner.page.goto(f"/r/{number}/pay")
    await expect(runner.page.locator("#way-midtrans_va-bca .pill")).to_be_visible()
    await runner.chooses_way("midtrans_va-mandiri")

    # then the first is cancelled, and the number of the other is shown
    second, cancelled = await gateway.charges_of(number)
    assert (cancelled["charge_id"], cancelled["status"]) == (first["charge_id"], "cancelled")
    await runner.sees(second["biller_code"])
    assert await too_wide(runner.page) == []


async def test_back_in_the_browser_leads_to_a_choice_that_can_be_used(
    arrive: Arrive, races: Races, crowd: Crowd, gateway: Gateway
) -> None:
    runner = Runner(await arrive())
    number = await _registered(runner, races, crowd)
    await runner.chooses_way("midtrans_va-bni")
    await runner.page.go_back()
    await expect(runner.page.locator("#pay")).to_contain_text("BNI")
    await runner.page.goto(f"/en/r/{number}")
    await runner.sees("BNI virtual account", "Pay in another way")
    assert len(await gateway.charges_of(number)) == 1


@_PHONES
async def test_a_transfer_has_an_amount_of_its_own_and_its_proof_beside_it(
    phone: Device, arrive: Arrive, races: Races, crowd: Crowd
) -> None:
    runner = Runner(await arrive(phone), has_scripts=phone.has_scripts)
    number = await _registered(runner, races, crowd)
    await runner.chooses_way("bank_transfer")
    assert await too_wide(runner.page) == []
    amount = await runner.page.locator('[name="amount"]').get_attribute("value")
    assert amount is not None
    assert 149_001 <= float(amount) < 150_000

    await runner.uploads_a_proof(number, amount)

    [found] = [
        each
        for each in (await races.staff.call("GET", "/payment/v1/payments?status=uploaded&limit=200"))["items"]
        if each["registration_number"] == number
    ]
    assert found["amount"] == "150000.00"
    await Desk(races.staff).verifies(number)


async def test_while_the_gateway_is_down_the_way_says_so_and_the_account_can_be_paid(
    arrive: Arrive, open_front: OpenFront, races: Races, crowd: Crowd
) -> None:
    async def down(request: httpx.Request, send: Send) -> httpx.Response:
        """The gateway does not answer payment."""
        if request.method == "POST" and request.url.path.endswith("/charges"):
            problem = {"code": "gateway_unavailable", "detail": "-", "status": 503}
            return httpx.Response(503, json=problem, headers={"Retry-After": "5"}, request=request)
        return await send(request)

    runner = Runner(await arrive(at=await open_front(down)))
    await _registered(runner, races, crowd)
    await runner.way("midtrans_qris").click()
    await expect(runner.page.locator("#way-midtrans_qris .field-error")).to_be_visible()
    assert await too_wide(runner.page) == []
    await runner.chooses_way("bank_transfer")
    await expect(runner.page.locator(".copyable").first).to_be_visible()
