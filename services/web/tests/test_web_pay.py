"""The page of an unpaid registration offers the ways to pay, and shows the one that was chosen."""

import re
from io import BytesIO
from typing import Any

import httpx
import pytest
import zxingcpp
from PIL import Image
from web.runner.codes import as_picture

from .markup import Element, parsed
from .runner_apis import (
    BANKS,
    BY_GATEWAY,
    BY_PROOF,
    CHARGE,
    COOKIE,
    ID,
    NO_GATEWAY,
    NUMBER,
    PAGE,
    QR_STRING,
    RunnerApis,
    at,
    charge,
    invoice,
    offer,
    paid,
    problem,
    registered,
    token,
)

LATE = [offer(each["method"], each["bank"], reason="too_late") for each in BY_GATEWAY]


@pytest.fixture
def registration() -> RunnerApis:
    return RunnerApis(offers=[*BY_PROOF, *BY_GATEWAY])


async def shown(site: httpx.AsyncClient, path: str = PAGE) -> Element:
    """Return the main part of the page, which has to be there."""
    answer = await site.get(path, headers=COOKIE)
    assert answer.status_code == 200, answer.text
    return parsed(answer.text).one("main")


def ways_on(page: Element) -> list[str]:
    """Return the words of the addresses of the ways that are offered, in the order of the page."""
    return [way.removeprefix("way-") for each in page.all("li") if (way := each.get("id") or "").startswith("way-")]


def way_of(page: Element, slug: str) -> Element:
    """Return one way of the choice."""
    return page.one("li", id=f"way-{slug}")


def copied(page: Element) -> list[str]:
    """Return what the buttons copy, but the link of the page."""
    return [each.attributes["data-copy"] for each in page.all("button") if "data-copy" in each.attributes][:-1]


async def test_all_ways_are_offered_those_first_that_need_no_people(site: httpx.AsyncClient) -> None:
    page = await shown(site)
    banks = [f"midtrans_va-{bank}" for bank in BANKS]
    assert ways_on(page) == ["midtrans_qris", *banks, "bank_transfer", "qris"]
    assert [each.text for each in page.all("h3")] == [
        "Terkonfirmasi otomatis dalam hitungan menit",
        "Diperiksa oleh panitia",
    ]
    assert "Yang dibayar Rp 1.300.042" in page.text.replace("\N{NO-BREAK SPACE}", " ")
    assert way_of(page, "midtrans_va-cimb").one("button").attributes["aria-label"] == "Virtual account CIMB Niaga"
    assert [way_of(page, slug).one("b").text for slug in ("midtrans_va-cimb", "qris")] == ["CIMB Niaga", "QRIS panitia"]


async def test_what_is_not_offered_is_not_shown_and_what_is_too_late_says_so(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.offers = [*BY_PROOF[:1], *NO_GATEWAY, *LATE[:2]]
    page = await shown(site)
    assert ways_on(page) == ["midtrans_qris", "midtrans_va-bca", "bank_transfer"]
    late = way_of(page, "midtrans_va-bca")
    assert "Sisa waktu terlalu singkat" in late.text
    assert late.all("a", "button", "form") == []
    assert way_of(page, "bank_transfer").all("button")


async def test_words_of_a_newer_payment_service_do_no_harm(site: httpx.AsyncClient, registration: RunnerApis) -> None:
    registration.offers = [offer("usdt"), offer("midtrans_va", "bsi"), offer("midtrans_qris", reason="new_reason")]
    registration.charges = [charge("bca", "status_of_a_newer_release")]
    page = await shown(site)
    assert ways_on(page) == ["midtrans_qris", "midtrans_va-bsi"]
    assert "Sedang tidak dapat dipakai" in way_of(page, "midtrans_qris").text
    assert "BSI" in way_of(page, "midtrans_va-bsi").text


async def test_a_payment_service_that_lists_no_ways_is_paid_by_its_instructions(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.failures["/methods"] = problem(404, "not_found")
    assert ways_on(await shown(site)) == ["bank_transfer", "qris"]
    registration.instructions["account_number"] = None
    assert "QRIS panitia" in (await shown(site)).text


async def test_in_a_rush_payment_is_asked_for_nothing_that_the_page_does_not_show(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.offers = [*BY_PROOF, *NO_GATEWAY]
    await shown(site)
    asked = sorted(each.url.path.rpartition("/")[2] for each in registration.sent("/api/payment/"))
    assert asked == sorted([ID, "methods", "networks"])
    await shown(site)
    assert len(registration.sent("/networks")) == 1, "they are the same for all visitors"


async def test_an_open_charge_is_shown_though_the_gateway_is_offered_no_more(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.offers = [*BY_PROOF, *NO_GATEWAY]
    registration.charges = [charge("bca")]
    registration.invoice = invoice(has_charges=True)
    page = await shown(site)
    [section] = [each for each in page.all("section") if each.get("id") == "pay"]
    assert section.all("h2")[0].text == "Virtual account BCA"
    assert "8808123456789012" in copied(page)
    registration.requests.clear()
    registration.invoice = invoice()
    assert ways_on(await shown(site)) == ["bank_transfer", "qris"]
    assert registration.sent("/charges") == [], "a payment service that does not say it"


async def test_the_choice_works_without_a_script_and_gives_up_no_charge_unknowingly(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    form = way_of(await shown(site), "midtrans_va-bca").one("form")
    assert (form.get("method"), form.get("action")) == ("post", f"{PAGE}/pay/midtrans_va-bca")
    assert form.all("input") == []
    registration.charges = [charge("bni")]
    page = await shown(site, f"{PAGE}/pay")
    for slug in ("midtrans_va-bca", "bank_transfer", "qris"):
        assert way_of(page, slug).one("input").get("value") == CHARGE
    assert "Virtual account BNI masih terbuka" in page.text
    begun = way_of(page, "midtrans_va-bni")
    assert (begun.one("a").get("href"), begun.all("form")) == (f"{PAGE}/pay/midtrans_va-bni", [])
    assert "Dipilih" in begun.text


# What the runner has begun with, and what the page of the registration shows then.
_BEGUN: list[tuple[dict[str, Any], str]] = [
    ({"charges": [charge()]}, "QRIS"),
    ({"charges": [charge("bca")]}, "Virtual account BCA"),
    ({"charges": [charge("bca", "cancelled"), charge("bni")]}, "Virtual account BNI"),
    ({"charges": [charge("bca")], "invoice": invoice(payable_amount="1299919.00")}, "Virtual account BCA"),
    ({"invoice": invoice(payable_amount="1299919.00")}, "Transfer bank"),
    ({"invoice": invoice("open", paid("rejected", rejected_at=at(-1)))}, "QRIS panitia"),
    ({"charges": [charge("bca", "cancelled")]}, "Cara membayar"),
    ({"charges": [charge("bca", expires_at=at(-0.1))]}, "Cara membayar"),
    ({"offers": [BY_PROOF[1]]}, "QRIS panitia"),
    ({"offers": [BY_PROOF[0]]}, "Cara membayar"),
    ({"offers": [BY_GATEWAY[0]]}, "Cara membayar"),
]


@pytest.mark.parametrize(("given", "title"), _BEGUN)
async def test_who_comes_back_sees_what_they_have_begun_with(
    site: httpx.AsyncClient, registration: RunnerApis, given: dict[str, Any], title: str
) -> None:
    for name, value in given.items():
        setattr(registration, name, value)
    page = await shown(site)
    [section] = [each for each in page.all("section") if each.get("id") == "pay"]
    assert section.all("h2")[0].text == title
    assert ways_on(await shown(site, f"{PAGE}/pay")), "the choice is one step away"


async def test_a_qris_code_can_be_scanned_and_saved_for_the_gallery(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.charges = [charge()]
    page = await shown(site, f"/en{PAGE}")
    assert page.one("img").get("src") == as_picture(QR_STRING)
    assert as_picture(QR_STRING).startswith("data:image/svg+xml")
    [link] = [each for each in page.all("a") if each.get("download")]
    assert (
        link.attributes.items()
        >= {
            "href": f"/en{PAGE}/pay/midtrans_qris/qris.png",
            "download": f"qris-{NUMBER}.png",
        }.items()
    )
    saved = await site.get(link.attributes["href"], headers=COOKIE)
    assert (saved.headers["content-type"], saved.headers["cache-control"]) == ("image/png", "no-store")
    [found] = zxingcpp.read_barcodes(Image.open(BytesIO(saved.content)))
    assert found.text == QR_STRING
    assert copied(page) == ["1300042"]


@pytest.mark.parametrize(
    ("charges", "path"),
    [
        ([], "midtrans_qris"),
        ([charge(status="expired")], "midtrans_qris"),
        ([charge(status="asking")], "midtrans_qris"),
        ([charge("bca")], "midtrans_qris"),
        ([charge("bca")], "midtrans_va-bca"),
        ([charge()], "unknown"),
    ],
)
async def test_there_is_no_picture_without_a_code(
    site: httpx.AsyncClient, registration: RunnerApis, charges: list[dict[str, Any]], path: str
) -> None:
    registration.charges = charges
    assert (await site.get(f"{PAGE}/pay/{path}/qris.png", headers=COOKIE)).status_code == 404


async def test_the_picture_is_for_the_browser_of_its_registration(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.charges = [charge()]
    path = "pay/midtrans_qris/qris.png"
    assert (await site.get(f"{PAGE}/{path}")).status_code == 401
    assert registration.sent("/charges") == []
    moved = await site.get(f"/r/FR5K-00043/{path}", headers=COOKIE)
    assert (moved.status_code, "image" in moved.headers["Content-Type"]) == (403, False)
    assert (await site.get(f"{PAGE}/{path}", headers=COOKIE)).headers["Content-Type"] == "image/png"
    assert {each.headers["authorization"] for each in registration.sent("/charges")} == {f"Bearer {token()}"}


async def test_a_virtual_account_is_copied_as_digits_with_the_steps_of_its_bank(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.charges = [charge("bri")]
    page = await shown(site)
    assert copied(page) == ["8808123456789012", "1300042"]
    assert "8808 1234 5678 9012" in page.text
    assert [each.text for each in page.all("summary")] == ["Lewat aplikasi BRImo", "Lewat ATM BRI"]
    assert "BRIVA" in page.text
    assert page.all("form") == [], "no proof is needed"
    assert "Tidak perlu kirim bukti" in page.text
    assert "Panitia memeriksa bukti" not in page.text


async def test_mandiri_is_paid_by_company_code_and_bill_key(site: httpx.AsyncClient, registration: RunnerApis) -> None:
    registration.charges = [charge("mandiri")]
    page = await shown(site)
    assert copied(page) == ["70012", "123456789012", "1300042"]
    assert "Ketik kode perusahaan, lalu kode bayar." in page.text


async def test_the_countdown_of_a_charge_stands_at_its_code(site: httpx.AsyncClient, registration: RunnerApis) -> None:
    registration.charges = [charge()]
    page = await shown(site)
    [countdown] = [each for each in page.all("p") if each.get("data-until")]
    assert countdown.get("data-until") == at(17.99)
    assert any(each.get("id") == "pay" for each in countdown.within())
    assert "Bayar paling lambat Selasa, 5 Januari 2027 pukul 04.59 WITA" in page.text


async def test_while_the_gateway_has_not_answered_the_page_asks_again(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.charges = [charge("bca", "asking")]
    page = await shown(site)
    assert page.one("div", class_="status").get("data-refresh") == "3"
    assert page.one("form").get("action") == f"{PAGE}/pay/midtrans_va-bca"
    assert page.one("form").all("input") == [], "the same charge is asked for, none is given up"


@pytest.mark.parametrize(
    ("payable", "code", "sign"),
    [("1299919.00", "919", "\N{MINUS SIGN} Rp 123"), ("1300165.00", "165", "+ Rp 123")],
)
async def test_the_unique_code_of_a_transfer_stands_out_and_is_told_from_the_price(
    site: httpx.AsyncClient, registration: RunnerApis, payable: str, code: str, sign: str
) -> None:
    registration.invoice = invoice(payable_amount=payable)
    page = await shown(site)
    assert page.one("span", class_="unique").text == code
    assert copied(page) == [payable.removesuffix(".00"), "1234567890"]
    lines = [
        " ".join(each.text.split()).replace("\N{NO-BREAK SPACE}", " ")
        for each in page.one("dl", class_="price-lines").all("div")
    ]
    assert lines[0] == "Harga Rp 1.300.042"
    assert lines[1] == f"Kode unik Anda {sign}"
    assert page.one("input", name="amount").get("value") == payable


@pytest.mark.parametrize("payable", [None, "1300042.00"], ids=["not asked", "no code was free"])
async def test_a_transfer_without_a_code_is_of_the_price(
    site: httpx.AsyncClient, registration: RunnerApis, payable: str | None
) -> None:
    registration.invoice = invoice(payable_amount=payable)
    page = await shown(site, f"{PAGE}/pay/bank_transfer")
    assert [each.text for each in page.all("span") if each.get("class") == "unique"] == []
    assert page.one("input", name="amount").get("value") == "1300042.00"
    assert "kode unik" not in page.text.lower()


async def test_a_proof_of_the_organisers_qris_is_of_the_price(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.invoice = invoice(payable_amount="1299919.00")
    page = await shown(site, f"{PAGE}/pay/qris")
    assert page.one("input", name="amount").get("value") == "1300042.00"
    assert "checked" in page.one("input", name="payment_method", value="qris").attributes
    assert page.one("input", name="way").get("value") == "qris"


@pytest.mark.parametrize("only", ["bank_transfer", "qris"])
async def test_the_form_for_a_proof_does_not_ask_how_it_was_paid_if_there_is_one_way(
    site: httpx.AsyncClient, registration: RunnerApis, only: str
) -> None:
    other = "qris" if only == "bank_transfer" else "bank_transfer"
    registration.offers = [offer(only), offer(other, reason="not_offered"), *NO_GATEWAY]
    page = await shown(site, f"{PAGE}/pay/{only}")
    field = page.one("input", name="payment_method")
    assert (field.get("type"), field.get("value")) == ("hidden", only)
    assert "Dibayar dengan" not in page.text


async def test_the_price_says_what_the_promo_code_took_off(site: httpx.AsyncClient, registration: RunnerApis) -> None:
    cheaper = {"list_amount": "1400042.00", "discount": "100000.00", "promo_code": "LARI<10>", "price_phase": "Early"}
    registration.registration = registered(**cheaper)
    page = await shown(site)
    lines = [each.text.replace("\N{NO-BREAK SPACE}", " ") for each in page.one("dl", class_="price-lines").all("div")]
    assert lines == [
        "Harga (Early) Rp 1.400.042",
        "Kode promo LARI<10> \N{MINUS SIGN} Rp 100.000",
        "Yang dibayar Rp 1.300.042",
    ]


async def test_a_payment_that_its_bank_may_take_back_is_waited_for(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.charges = [charge("permata", "settling")]
    for path in (PAGE, f"{PAGE}/pay", f"{PAGE}/pay/midtrans_va-bca"):
        page = await shown(site, path)
        assert page.one("h1").text == "Menunggu konfirmasi bank"
        assert page.one("div", class_="status").get("data-refresh") == "20"
        assert page.all("form") == [], "nothing is to be paid a second time"


async def test_a_way_that_is_not_offered_leads_to_the_choice(site: httpx.AsyncClient, registration: RunnerApis) -> None:
    registration.offers = [*BY_PROOF, *NO_GATEWAY]
    assert ways_on(await shown(site, f"{PAGE}/pay/midtrans_va-bca")) == ["bank_transfer", "qris"]


@pytest.mark.parametrize("slug", ["midtrans_va", "qris-bca", "qris-", "other", "midtrans_va-b-c", "x" * 61])
async def test_an_address_that_means_no_way_is_unknown(site: httpx.AsyncClient, slug: str) -> None:
    assert (await site.get(f"{PAGE}/pay/{slug}", headers=COOKIE)).status_code in {404, 422}


async def test_once_paid_the_address_of_a_way_shows_the_status(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.registration = registered("payment_verified", payment_verified_at=at(-1))
    registration.invoice = invoice("paid", paid("verified", verified_at=at(-1), channel="midtrans"))
    page = await shown(site, f"{PAGE}/pay/midtrans_qris")
    assert page.one("h1").text == "Terverifikasi"
    assert ways_on(page) == []


async def test_the_language_switch_and_the_reload_keep_the_way(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.charges = [charge("bca")]
    answer = await site.get(f"/en{PAGE}/pay/midtrans_va-bca", headers=COOKIE)
    page = parsed(answer.text)
    assert [each.get("href") for each in page.all("a") if each.get("hreflang") == "id"] == [
        f"{PAGE}/pay/midtrans_va-bca"
    ]
    assert page.one("div", class_="status").get("data-status-page") == f"/en{PAGE}/pay/midtrans_va-bca"
    assert re.search(rf'http-equiv="refresh" content="30;url=/en{PAGE}/pay/midtrans_va-bca"', answer.text)
