"""Paying in USDT by taps on a phone, on the simulated chain: in parts, too much, taken back, and without a rate."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Final

import pytest
from playwright.async_api import Locator, expect
from standalone.journey.client import Site
from standalone.journey.people import Crowd
from standalone.journey.pictures import read_qr

from .conftest import Arrive, OpenFront
from .desk import Desk
from .devices import PHONE, PHONE_WITHOUT_SCRIPTS, Device
from .looks import is_sound, too_wide
from .pages import Runner
from .races import OPEN, Races
from .usdt import NETWORK, WALLET, Chain
from .usdt_faults import rate_lost

_PHONES = pytest.mark.parametrize("phone", [PHONE, PHONE_WITHOUT_SCRIPTS], ids=["with scripts", "without scripts"])
_UNTIL_IT_LOADS_AGAIN: Final = 60_000


pytestmark = [pytest.mark.usefixtures("usdt"), pytest.mark.soak]


@pytest.fixture
def chain(site: Site) -> Chain:
    """The chain to which the network that is offered leads."""
    return Chain(site)


class UsdtRunner(Runner):
    """A person who pays in USDT."""

    async def chooses_usdt(self, races: Races, crowd: Crowd) -> str:
        """Register, choose USDT and the network, and return the number of the registration."""
        number = await self.registers(OPEN, "5k", crowd.form(races.categories["5k"]["id"]))
        await self.sees_how_to_pay(number)
        await self.chooses_way("usdt")
        await self.page.locator(f"#network-{NETWORK} button").click()
        await expect(self._copied.first).to_be_attached()
        return number

    async def reads(self) -> Sequence[str]:
        """Return the amount and the address, as they are copied."""
        return [await each.get_attribute("data-copy") or "" for each in await self._copied.all()]

    async def scans(self) -> str | None:
        """Return the text of the first QR code, read from what is shown."""
        return read_qr(await self.page.locator("#pay img").first.screenshot())

    async def asks_for_the_amount(self) -> None:
        """Press the button that shows the amount at the rate of now."""
        await self.page.locator('#pay > form button[name="network"]').click()
        await expect(self._copied.first).to_be_attached()

    async def waits_for(self, headline: str) -> None:
        """Wait until the page, which loads again by itself, has this headline."""
        await expect(self.page.locator("h1")).to_contain_text(headline, timeout=_UNTIL_IT_LOADS_AGAIN)

    @property
    def _copied(self) -> Locator:
        return self.page.locator("#pay .copyable [data-copy]")


@_PHONES
@pytest.mark.timeout(300)
async def test_a_payment_in_two_parts_leads_to_the_ticket(
    phone: Device, arrive: Arrive, races: Races, crowd: Crowd, chain: Chain
) -> None:
    # given a runner who has chosen the network
    runner = UsdtRunner(await arrive(phone), has_scripts=phone.has_scripts)
    number = await runner.chooses_usdt(races, crowd)
    whole, address = await runner.reads()
    assert await runner.scans() == address
    assert await too_wide(runner.page) == []

    # when a part arrives, the page says by itself what is missing, and asks for no more
    await chain.send(address, "4")
    await chain.mine()
    rest = Decimal(whole) - 4
    missing = runner.page.get_by_text(f"4 USDT sudah masuk, masih kurang {rest} USDT.")
    await expect(missing).to_be_visible(timeout=_UNTIL_IT_LOADS_AGAIN)
    await runner.asks_for_the_amount()
    assert await runner.reads() == [str(rest), address]
    assert await too_wide(runner.page) == []

    # and when the rest arrives, it is seen, and then final
    await chain.send(address, rest)
    await chain.mine()
    await runner.waits_for("Pembayaran terlihat")
    await chain.confirm()
    await runner.waits_for("Terverifikasi")

    # then the ticket has its number and its code
    await runner.opens_the_tickets(number)
    await runner.sees(f"TIX-{number.replace('-', '')}-01")
    assert set(await runner.reads_codes()) == await Desk(races.staff).ticket_codes(number)


@pytest.mark.timeout(300)
async def test_what_the_chain_takes_back_is_said_and_can_be_sent_again(
    arrive: Arrive, races: Races, crowd: Crowd, chain: Chain
) -> None:
    # given a payment that is seen and not final
    runner = UsdtRunner(await arrive())
    await runner.chooses_usdt(races, crowd)
    amount, address = await runner.reads()
    await chain.send(address, amount)
    await chain.mine()
    await runner.waits_for("Pembayaran terlihat")

    # when the chain takes it back, the runner waits for payment again and sees why
    await chain.take_back()
    await runner.waits_for("Menunggu pembayaran")
    await expect(runner.page.locator(".transfers .pill-bad")).to_have_text("Dibatalkan oleh jaringan")
    assert await runner.reads() == [amount, address]

    # then it can be sent again
    await chain.send(address, amount)
    await chain.confirm()
    await runner.waits_for("Terverifikasi")


@_PHONES
@pytest.mark.timeout(300)
async def test_who_sent_too_much_has_the_ticket_and_names_an_address_for_the_rest(
    phone: Device, arrive: Arrive, races: Races, crowd: Crowd, chain: Chain
) -> None:
    # given
    runner = UsdtRunner(await arrive(phone), has_scripts=phone.has_scripts)
    number = await runner.chooses_usdt(races, crowd)
    amount, address = await runner.reads()

    # when
    await chain.send(address, Decimal(amount) + 5)
    await chain.confirm()
    await runner.waits_for("Terverifikasi")
    await runner.page.goto(f"/r/{number}")

    # then an address with a typo is refused at its field, and the right one is kept
    field, send = runner.page.locator("#refund_address"), runner.page.locator("#refund-form form button")
    await field.fill(f"{WALLET[:-1]}8")
    await send.click()
    await expect(field).to_have_attribute("aria-invalid", "true")
    assert await too_wide(runner.page) == []
    await field.fill(WALLET)
    await send.click()
    await expect(runner.page.locator("#usdt-refund .reference")).to_have_text(WALLET)
    await expect(runner.page.locator("main .banner-ok").first).to_be_visible()


async def test_without_a_rate_the_way_says_so_and_the_account_can_be_paid(
    arrive: Arrive, open_front: OpenFront, races: Races, crowd: Crowd
) -> None:
    runner = UsdtRunner(await arrive(at=await open_front(rate_lost)))
    number = await runner.registers(OPEN, "5k", crowd.form(races.categories["5k"]["id"]))
    await runner.sees_how_to_pay(number)
    await runner.chooses_way("usdt")
    await runner.page.locator(f"#network-{NETWORK} button").click()
    await expect(runner.page.locator("#way-usdt .field-error")).to_contain_text("kurs USDT belum tersedia")
    await is_sound(runner.page)
    await runner.chooses_way("bank_transfer")
    await expect(runner.page.locator(".copyable").first).to_be_visible()


async def test_amount_and_address_are_copied_without_the_words_around_them(
    arrive: Arrive, races: Races, crowd: Crowd
) -> None:
    runner = UsdtRunner(await arrive())
    await runner.page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    await runner.chooses_usdt(races, crowd)
    for shown in await runner.reads():
        await runner.page.locator(f'#pay [data-copy="{shown}"]').click()
        assert await runner.page.evaluate("() => navigator.clipboard.readText()") == shown
