"""The page of a registration shows where and how much USDT to send, what has arrived, and how final that is."""

import re
from typing import Any

import httpx
import pytest
from web.runner.codes import as_picture
from web.static_files import load

from .markup import Element, parsed
from .runner_apis import (
    BY_GATEWAY,
    BY_PROOF,
    COOKIE,
    ID,
    PAGE,
    at,
    charge,
    invoice,
    paid,
    problem,
    registered,
    runner,
)
from .usdt_apis import ADDRESS, HASH, UsdtApis, in_usdt, minutes, network, transfer, uri

WAY = f"{PAGE}/pay/usdt"
PART = in_usdt("partial", transfer())
SEEN = in_usdt("seen", transfer("78.09"))


@pytest.fixture
def registration() -> UsdtApis:
    return UsdtApis(offers=[*BY_PROOF, *BY_GATEWAY], usdt=in_usdt())


async def shown(site: httpx.AsyncClient, path: str = WAY) -> Element:
    """Return the main part of the page, which has to be there."""
    answer = await site.get(path, headers=COOKIE)
    assert answer.status_code == 200, answer.text
    return parsed(answer.text).one("main")


def copied(page: Element) -> list[str]:
    """Return what the buttons copy, but the link of the page."""
    return [each.attributes["data-copy"] for each in page.all("button") if "data-copy" in each.attributes][:-1]


def pills(page: Element) -> list[str]:
    """Return how far each transfer is."""
    [transfers] = [each for each in page.all("ul") if each.get("class") == "transfers"]
    return [each.text for each in transfers.all("span") if (each.get("class") or "").startswith("pill")]


async def test_network_amount_and_address_are_shown_to_be_copied(site: httpx.AsyncClient) -> None:
    page = await shown(site)
    assert page.one("p", class_="network").text == "Lewat jaringan BNB Smart Chain BSC, BEP20"
    assert "Bukan Tron (TRC20)" in page.text
    assert copied(page) == ["78.09", ADDRESS]
    words = ["".join(part.content for part in each.walk()) for each in page.all("b") if each.get("class") == "num"]
    assert words == ["78.09 USDT", ADDRESS], "in one piece, to be selected"
    assert "Tidak perlu memo." in page.text
    assert "jika bursa memotong biaya dari kiriman, tambahkan" in page.text
    assert "Transfer final setelah 12 konfirmasi" in page.text
    assert page.all("input") == [], "no proof is needed"


async def test_the_code_to_scan_first_is_the_address_alone(site: httpx.AsyncClient) -> None:
    page = await shown(site, f"/en{WAY}")
    first, second = (each for each in page.all("img") if (each.get("src") or "").startswith("data:"))
    assert first.get("src") == as_picture(ADDRESS)
    assert [each.text for each in page.all("figcaption")] == [
        "Only the address, on the network BNB Smart Chain",
        "BNB Smart Chain , 78.09 USDT",
    ]
    assert second.get("src") == as_picture(uri("78.09"), error="l")
    folded = page.one("details", id="wallet-app")
    assert second in folded.walk()
    assert folded.one("a").get("href") == uri("78.09")
    assert "shows BNB Smart Chain, 78.09 USDT and the address above" in folded.text


async def test_the_time_of_the_amount_runs_beside_that_of_the_registration(site: httpx.AsyncClient) -> None:
    page = await shown(site)
    countdowns = {each.text: each.get("data-until") for each in page.all("p") if each.get("data-until")}
    assert countdowns == {"Sisa waktu": at(18), "Jumlah berlaku": minutes(29)}
    assert "Bayar paling lambat Selasa, 5 Januari 2027 pukul 05.00 WITA" in page.text


async def test_the_price_stands_beside_the_rate_until_a_part_of_it_has_arrived(
    site: httpx.AsyncClient, registration: UsdtApis
) -> None:
    def at_the_rate(page: Element) -> str:
        return next(each.text for each in page.all("p") if "1 USDT =" in each.text)

    assert at_the_rate(await shown(site)) == "Harga Rp 1.300.042, 1 USDT = Rp 16.650"
    registration.usdt = in_usdt("partial", transfer(), amount="68.09")
    assert at_the_rate(await shown(site)) == "1 USDT = Rp 16.650"


async def test_who_is_asked_where_usdt_go_back_is_not_asked_whether_they_have_paid(
    site: httpx.AsyncClient, registration: UsdtApis
) -> None:
    registration.registration, registration.invoice = registered("cancelled", cancelled_at=at(-1)), invoice("cancelled")
    registration.usdt = in_usdt("closed")
    assert "Sudah telanjur membayar?" in (await shown(site, PAGE)).text
    registration.usdt = in_usdt("closed", transfer(), refund_owed=True)
    assert "Sudah telanjur membayar?" not in (await shown(site, PAGE)).text


async def test_the_page_looks_for_transfers_by_itself_also_without_a_script(site: httpx.AsyncClient) -> None:
    answer = await site.get(f"/en{WAY}", headers=COOKIE)
    assert parsed(answer.text).one("div", class_="status").get("data-refresh") == "15"
    assert re.search(rf'http-equiv="refresh" content="15;url=/en{WAY}"', answer.text)


async def test_a_part_that_has_arrived_leads_to_the_amount_that_is_missing(
    site: httpx.AsyncClient, registration: UsdtApis
) -> None:
    # given a part of the amount that was asked for
    registration.usdt = PART
    page = await shown(site, PAGE)

    # then neither that amount nor a code with it can be paid again
    assert "10 USDT sudah masuk, masih kurang 68.09 USDT." in page.text
    assert copied(page) == []
    assert [each for each in page.all("img") if (each.get("src") or "").startswith("data:")] == []
    button = page.one("button", value="bsc")
    assert (button.get("name"), button.text) == ("network", "Tampilkan jumlah sekarang")
    assert ADDRESS in page.text

    # and once the rest was asked for, that is what is paid
    registration.usdt = in_usdt("partial", transfer(), amount="68.09")
    assert copied(await shown(site, PAGE)) == ["68.09", ADDRESS]


async def test_an_amount_whose_time_is_over_is_not_paid_any_more(
    site: httpx.AsyncClient, registration: UsdtApis
) -> None:
    registration.usdt = in_usdt(locked_until=minutes(-0.1))
    page = await shown(site)
    assert copied(page) == []
    assert "Jika sudah Anda kirim, tunggu saja" in page.text
    assert page.one("button", value="bsc").get("type") == "submit"
    assert page.one("span", class_="num reference").text == ADDRESS


async def test_what_has_arrived_is_counted_until_the_network_is_sure(
    site: httpx.AsyncClient, registration: UsdtApis
) -> None:
    registration.usdt = SEEN
    page = await shown(site, PAGE)
    assert page.one("h1").text == "Pembayaran terlihat"
    assert "Mohon jangan kirim lagi" in page.text
    assert page.one("div", class_="status").attributes.items() >= {"data-stage": "seen", "data-refresh": "15"}.items()
    assert page.all("form") == [], "nothing is to be paid a second time"
    assert "78.09 USDT" in page.text
    assert pills(page) == ["3 dari 12 konfirmasi"]
    link = next(each for each in page.all("a") if "bscscan" in (each.get("href") or ""))
    assert (link.get("href"), link.text) == (f"https://bscscan.com/tx/{HASH}", "Lihat di bscscan.com")


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (transfer("78.09", confirmations=14), "12 dari 12 konfirmasi"),
        (transfer("78.09", confirmations=None), "0 dari 12 konfirmasi"),
        (transfer("78.09", network="polygon"), "Konfirmasi: 3, belum final"),
        (transfer("78.09", network="of_a_newer_release"), "Konfirmasi: 3, belum final"),
        (transfer("78.09", "confirmed"), "Terkonfirmasi di jaringan"),
        (transfer("78.09", "failed", confirmations=None), "Dibatalkan oleh jaringan"),
        (transfer("78.09", is_usdt=False), "Bukan USDT"),
    ],
)
async def test_each_transfer_says_how_final_it_is(
    site: httpx.AsyncClient, registration: UsdtApis, given: dict[str, Any], says: str
) -> None:
    registration.usdt = in_usdt("seen", given)
    page = await shown(site, PAGE)
    assert pills(page) == [says]
    assert ("78.09 USDT" in page.text) == given["is_usdt"], "other tokens have other units"


async def test_while_the_network_confirms_a_passed_deadline_ends_nothing(
    site: httpx.AsyncClient, registration: UsdtApis
) -> None:
    registration.usdt = SEEN
    registration.invoice = invoice("expired", expires_at=at(-1))
    assert (await shown(site, PAGE)).one("h1").text == "Pembayaran terlihat"


@pytest.mark.parametrize("status", ["seen", "paid"])
@pytest.mark.parametrize("of_invoice", ["paid", "cancelled"])
async def test_what_the_invoice_says_wins_over_the_chain(
    site: httpx.AsyncClient, registration: UsdtApis, status: str, of_invoice: str
) -> None:
    registration.usdt = in_usdt(status, transfer("78.09", "confirmed"))
    found = paid("verified", verified_at=at(-0.1), channel="usdt", payment_method="usdt")
    registration.invoice = invoice(of_invoice, found)
    assert (await shown(site, PAGE)).one("h1").text != "Pembayaran terlihat"


async def test_a_paid_registration_shows_what_paid_it(site: httpx.AsyncClient, registration: UsdtApis) -> None:
    registration.usdt = in_usdt("paid", transfer("78.09", "confirmed"))
    registration.registration = registered("payment_verified", payment_verified_at=at(-1))
    registration.invoice = invoice("paid", paid("verified", verified_at=at(-1), channel="usdt"))
    page = await shown(site, PAGE)
    assert page.one("h1").text == "Terverifikasi"
    assert pills(page) == ["Terkonfirmasi di jaringan"]
    assert "Alamat tujuan: 0x" in page.text
    assert "Alamat Anda: 0x" not in page.text
    registration.usdt = in_usdt("paid")
    assert "USDT" not in (await shown(site, PAGE)).text


@pytest.mark.parametrize("status", ["expired", "cancelled"])
async def test_an_ended_registration_asks_to_send_no_more_and_still_shows_what_arrives(
    site: httpx.AsyncClient, registration: UsdtApis, status: str
) -> None:
    registration.registration = registered(status, **{f"{status}_at": at(-1)})
    registration.invoice = invoice(status)
    registration.usdt = in_usdt("closed")
    page = await shown(site, PAGE)
    assert "Mohon jangan kirim USDT lagi" in page.text
    assert ADDRESS in page.text
    registration.usdt = in_usdt("closed", transfer())
    assert pills(await shown(site, PAGE)) == ["3 dari 12 konfirmasi"]


# What the runner has begun with, and what the page of the registration shows then.
_BEGUN: list[tuple[dict[str, Any], str]] = [
    ({}, "USDT"),
    ({"charges": [charge("bca")]}, "Virtual account BCA"),
    ({"charges": [charge("bca")], "usdt": PART}, "USDT"),
    ({"invoice": invoice(payable_amount="1299919.00")}, "USDT"),
    (
        {"invoice": invoice(payable_amount="1299919.00"), "usdt": in_usdt(locked_until=minutes(-1))},
        "Transfer bank",
    ),
    ({"usdt": in_usdt(locked_until=minutes(-1))}, "USDT"),
    ({"networks": [network("bsc", "no_rate")]}, "USDT"),
    ({"usdt": None}, "Cara membayar"),
]


@pytest.mark.parametrize(("given", "title"), _BEGUN)
async def test_who_comes_back_sees_what_they_have_begun_with(
    site: httpx.AsyncClient, registration: UsdtApis, given: dict[str, Any], title: str
) -> None:
    for name, value in given.items():
        setattr(registration, name, value)
    page = await shown(site, PAGE)
    assert page.one("section", id="pay").all("h2")[0].text == title


async def test_a_network_that_cannot_be_read_does_not_lose_what_was_sent(
    site: httpx.AsyncClient, registration: UsdtApis
) -> None:
    registration.networks = [network("bsc", "trouble")]
    page = await shown(site)
    assert "Yang sudah Anda kirim tidak hilang" in page.text
    assert copied(page) == ["78.09", ADDRESS], "it may be on its way"


async def test_words_of_a_newer_payment_service_do_no_harm(site: httpx.AsyncClient, registration: UsdtApis) -> None:
    registration.networks = [network("base"), network("bsc", "of_a_newer_release")]
    registration.usdt = in_usdt(
        "partial", transfer("10", "of_a_newer_release", network="base"), network="base", amount="68.09"
    )
    page = await shown(site)
    assert page.one("p", class_="network").text == "Lewat jaringan Base"
    assert [each for each in page.all("a") if HASH in (each.get("href") or "")] == [], "its explorer is not known"
    registration.usdt["status"] = "of_a_newer_release"
    assert (await shown(site)).one("h1").text == "Menunggu pembayaran"


@pytest.mark.parametrize(
    ("asked", "networks", "is_read"),
    [
        (None, [network("bsc")], True),
        (None, [network("bsc", "not_offered")], False),
        (None, [], False),
        (False, [network("bsc")], False),
        (True, [], True),
    ],
)
async def test_the_payment_is_read_only_if_there_may_be_one(
    site: httpx.AsyncClient,
    registration: UsdtApis,
    asked: bool | None,
    networks: list[dict[str, Any]],
    is_read: bool,
) -> None:
    registration.invoice = invoice() if asked is None else invoice(usdt_asked=asked)
    registration.networks = networks
    page = await shown(site, PAGE)
    assert bool(registration.sent("/usdt")[1:]) == is_read
    assert (ADDRESS in copied(page)) == is_read


@pytest.mark.parametrize("failure", [httpx.ConnectError("refused"), problem(503, "unavailable"), httpx.Response(200)])
async def test_while_the_networks_cannot_be_read_the_other_ways_stay(
    site: httpx.AsyncClient, registration: UsdtApis, failure: Any
) -> None:
    registration.failures["/usdt/networks"] = failure
    page = await shown(site, PAGE)
    ways = [each.get("id") for each in page.all("li") if (each.get("id") or "").startswith("way-")]
    assert "way-bank_transfer" in ways
    assert "way-usdt" not in ways


@pytest.mark.parametrize("failure", [httpx.ReadTimeout("slow"), problem(503, "unavailable")])
async def test_while_the_payment_cannot_be_read_the_page_says_so(
    site: httpx.AsyncClient, registration: UsdtApis, failure: Any
) -> None:
    registration.failures[f"{ID}/usdt"] = failure
    page = await shown(site)
    assert "Sistem pembayaran sedang tidak dapat dihubungi" in page.text
    assert page.one("div", class_="status").get("data-refresh") == "20"


async def test_a_page_with_both_codes_is_light(site: httpx.AsyncClient, registration: UsdtApis) -> None:
    """Bytes over the wire of a group of ten with transfers, without compression of the page."""
    registration.registration = registered(participants=[runner(number) for number in range(10)])
    registration.usdt = in_usdt("partial", *[transfer()] * 3, amount="68.09")
    page = (await site.get(WAY, headers=COOKIE)).text
    assert page.count("data:image/svg+xml") == 2
    names = {each.partition(".")[2] for each in re.findall(r'"/static/([^"]+)"', page)}
    brand = await site.get("/brand/0b6b7a.css")
    whole = len(page.encode()) + len(brand.content) + sum(len(load()[name].compressed) for name in names)
    assert whole <= 30_000
