"""The proof of a payment from the gallery of a phone: made small, refused and sent again, lost on the way."""

import io
import re
from collections.abc import Sequence
from typing import Any, Final

import pytest
from PIL import Image
from playwright.async_api import FilePayload, Page, Route, expect
from standalone.journey.checks import eventually
from standalone.journey.people import Crowd
from standalone.journey.pictures import payment_proof

from .conftest import Arrive, OpenFront
from .desk import Desk
from .devices import PHONE, PHONE_WITHOUT_SCRIPTS, Device
from .front import loses_one_answer
from .pages import Runner
from .races import OPEN, Races
from .watch import Watch
from .wire import slow_down

pytestmark = pytest.mark.soak

_PHONES = pytest.mark.parametrize("phone", [PHONE, PHONE_WITHOUT_SCRIPTS], ids=["with scripts", "without scripts"])
_FILE: Final = 'input[type="file"][name="file"]'
_LIMIT: Final = 2 * 1024 * 1024
_LONGEST_SIDE: Final = 1600
_READY: Final = re.compile(r"Siap dikirim: (\d+) kB")
_HEIC: Final = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic" + b"\0" * 500


def _photograph() -> bytes:
    """Return what a phone's camera saves: twelve megapixels, and more bytes than a proof may have."""
    written = io.BytesIO()
    Image.effect_noise((4000, 3000), 60).convert("RGB").save(written, "JPEG", quality=85)
    return written.getvalue()


async def _registered(runner: Runner, races: Races, crowd: Crowd) -> str:
    """Register a runner and open the page with the form for a proof."""
    number = await runner.registers(OPEN, "5k", crowd.form(races.categories["5k"]["id"]))
    await runner.sees_how_to_pay(number)
    await runner.chooses_way("bank_transfer")
    return number


async def _choose(page: Page, name: str, content: bytes, kind: str = "image/jpeg") -> None:
    await page.locator(_FILE).set_input_files(FilePayload(name=name, mimeType=kind, buffer=content))


async def _send(page: Page) -> None:
    await page.locator("form[data-proof] [type=submit]").click()


async def _proofs_of(races: Races, number: str) -> Sequence[dict[str, Any]]:
    found = await races.staff.call("GET", "/payment/v1/payments", params={"q": number, "limit": "50"})
    return [each for each in found["items"] if each["registration_number"] == number]


async def test_a_large_photograph_is_made_small_shown_and_sent(arrive: Arrive, races: Races, crowd: Crowd) -> None:
    photograph = _photograph()
    assert len(photograph) > _LIMIT
    runner = Runner(await arrive())
    number = await _registered(runner, races, crowd)
    page = runner.page

    # when it is chosen, then it is shown, and how much is left of it
    await _choose(page, "IMG_2041.jpg", photograph)
    preview, message = page.locator("canvas[data-preview]"), page.locator("[data-message]")
    await expect(preview).to_be_visible()
    await expect(message).to_have_text(_READY)
    found = _READY.fullmatch(await message.inner_text())
    assert found is not None
    assert int(found[1]) * 1024 < _LIMIT
    sides = await preview.evaluate("canvas => [canvas.width, canvas.height]")
    assert max(sides) <= _LONGEST_SIDE
    assert sides[0] * 3 == pytest.approx(sides[1] * 4, abs=4)

    # when it is sent over a slow connection, then its way can be watched, and it arrives
    await slow_down(page, latency_ms=50, bytes_per_second=300_000)
    await _send(page)
    await expect(page.locator("progress[data-progress]")).to_be_visible()
    await expect(page.locator("h1")).to_contain_text("Bukti sedang diperiksa")
    [proof] = await _proofs_of(races, number)
    assert proof["status"] == "uploaded"


@_PHONES
async def test_a_photograph_that_no_browser_reads_is_refused_with_what_to_do(
    phone: Device, arrive: Arrive, races: Races, crowd: Crowd, watch: Watch
) -> None:
    watch.allow("415")
    runner = Runner(await arrive(phone), has_scripts=phone.has_scripts)
    number = await _registered(runner, races, crowd)

    await _choose(runner.page, "IMG_2041.HEIC", _HEIC, "image/heic")
    if phone.has_scripts:
        await expect(runner.page.locator("[data-message]")).to_contain_text("tidak dapat menampilkan berkas itu")
    await _send(runner.page)

    await expect(runner.page.locator("[data-errors]")).to_contain_text("Foto iPhone (HEIC)")
    assert await _proofs_of(races, number) == []
    await runner.uploads_a_proof(number, "150000.00")


async def test_a_refusal_appears_by_itself_with_its_reason_and_another_proof_replaces_it(
    arrive: Arrive, races: Races, crowd: Crowd
) -> None:
    runner = Runner(await arrive())
    number = await _registered(runner, races, crowd)
    await runner.uploads_a_proof(number, "150000.00")
    await expect(runner.page.locator("h1")).to_contain_text("Bukti sedang diperiksa")

    # when staff refuse it, then the open page says so
    await Desk(races.staff).refuses(number, "Jumlah pada bukti tidak terbaca.")
    await expect(runner.page.locator("h1")).to_contain_text("Bukti ditolak")
    await runner.sees("Jumlah pada bukti tidak terbaca.", "Kirim bukti lagi")

    # when another one is sent and verified, then the page shows the BIB, and both are kept
    await runner.page.goto(f"/r/{number}")
    await runner.uploads_a_proof(number, "150000")
    await Desk(races.staff).verifies(number)
    await expect(runner.page.locator("h1")).to_contain_text("Terverifikasi")
    assert sorted(each["status"] for each in await _proofs_of(races, number)) == ["rejected", "verified"]


@_PHONES
async def test_a_proof_whose_answer_is_lost_counts_once(
    phone: Device, arrive: Arrive, open_front: OpenFront, races: Races, crowd: Crowd, watch: Watch
) -> None:
    watch.allow("503")
    runner = Runner(
        await arrive(phone, at=await open_front(loses_one_answer(to="/proofs"))), has_scripts=phone.has_scripts
    )
    number = await _registered(runner, races, crowd)

    await _choose(runner.page, "bukti.jpg", payment_proof(number, "150000.00"))
    await _send(runner.page)
    if not phone.has_scripts:  # those find out by themselves
        await runner.sees("bukti tidak akan dihitung dua kali")
        await runner.uploads_a_proof(number, "150000.00")

    await expect(runner.page.locator("h1")).to_contain_text("Bukti sedang diperiksa")
    assert len(await _proofs_of(races, number)) == 1


async def test_where_no_stream_can_be_opened_the_page_is_asked_for_again(
    arrive: Arrive, races: Races, crowd: Crowd, watch: Watch
) -> None:
    watch.allow("503")
    watch.allow("/stream")
    refused: list[str] = []

    async def refuse(route: Route) -> None:
        refused.append(route.request.url)
        await route.fulfill(status=503)

    runner = Runner(await arrive())
    await runner.page.route("**/stream", refuse)
    number = await _registered(runner, races, crowd)
    await runner.uploads_a_proof(number, "150000.00")
    await eventually(lambda: _is_not_empty(refused), "a refused stream")

    await Desk(races.staff).verifies(number)

    await expect(runner.page.locator("h1")).to_contain_text("Terverifikasi", timeout=60_000)


async def _is_not_empty(found: Sequence[str]) -> bool:
    return bool(found)
