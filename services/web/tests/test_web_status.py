"""The page of a registration says in a few words how it stands, and what to do next, in every stage."""

import re
from html import unescape
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from web.static_files import load

from .own_app import SITE
from .runner_apis import (
    BY_GATEWAY,
    CODE,
    COOKIE,
    NO_GATEWAY,
    NUMBER,
    PAGE,
    RunnerApis,
    at,
    collected,
    invoice,
    paid,
    problem,
    refund,
    registered,
    runner,
)

REFUSED = paid("rejected", rejected_at=at(-1), rejection_reason="Gambar <terpotong>")
VERIFIED = paid("verified", verified_at=at(-1))

# The stage with its headline in both languages, and what the APIs answer in it.
STAGES: dict[str, tuple[str, str, dict[str, Any], dict[str, Any] | None]] = {
    "unpaid": ("Menunggu pembayaran", "Waiting for payment", registered(), invoice()),
    "refused": ("Bukti ditolak", "Proof not accepted", registered(), invoice("open", REFUSED)),
    "overdue": ("Batas waktu terlewat", "The deadline has passed", registered(), invoice("expired", expires_at=at(-1))),
    "checking": (
        "Bukti sedang diperiksa",
        "Proof being checked",
        registered("payment_uploaded"),
        invoice("proof_uploaded", paid()),
    ),
    "confirming": (
        "Sebentar lagi selesai",
        "Almost there",
        registered("payment_uploaded"),
        invoice("paid", VERIFIED),
    ),
    "verified": (
        "Terverifikasi - BIB 5001",
        "Verified - BIB 5001",
        registered("payment_verified", payment_verified_at=at(-1), participants=[runner(bib=5001)]),
        invoice("paid", VERIFIED),
    ),
    "expired": (
        "Pendaftaran kedaluwarsa",
        "Registration expired",
        registered("expired", expired_at=at(-1)),
        invoice("expired"),
    ),
    "cancelled": (
        "Pendaftaran dibatalkan",
        "Registration cancelled",
        registered("cancelled", cancelled_at=at(-1)),
        invoice("cancelled"),
    ),
}


@pytest.fixture
def registration() -> RunnerApis:
    return RunnerApis()


async def shown(site: httpx.AsyncClient, path: str = PAGE) -> str:
    """Return the page, which has to be there."""
    answer = await site.get(path, headers=COOKIE)
    assert answer.status_code == 200, answer.text
    return answer.text


def headline(page: str) -> str:
    [found] = re.findall(r"<h1[^>]*>(.*?)</h1>", page, re.DOTALL)
    return " ".join(unescape(re.sub("<[^>]+>", "", found)).replace("\N{EN DASH}", "-").split())


def words(page: str) -> str:
    return " ".join(unescape(re.sub("<[^>]+>", " ", page)).split())


@pytest.mark.parametrize("stage", STAGES)
async def test_the_stage_is_said_in_a_few_words_in_both_languages(
    site: httpx.AsyncClient, registration: RunnerApis, stage: str
) -> None:
    indonesian, english, registration.registration, registration.invoice = STAGES[stage]
    assert headline(await shown(site)) == indonesian
    assert headline(await shown(site, f"/en{PAGE}")) == english
    assert len(indonesian.split(" - ")[0].split()) <= 3


@pytest.mark.parametrize("stage", STAGES)
async def test_a_proof_can_be_sent_only_when_one_is_wanted(
    site: httpx.AsyncClient, registration: RunnerApis, stage: str
) -> None:
    _, _, registration.registration, registration.invoice = STAGES[stage]
    page = await shown(site)
    assert ('enctype="multipart/form-data"' in page) == (stage in ("unpaid", "refused"))
    assert ("data-until=" in page) == (stage in ("unpaid", "refused")), "the clock stops when the proof is in"
    assert ("data-stream=" in page) == (stage not in ("verified", "cancelled"))
    assert ("jangan transfer lagi" in page) == (stage in ("overdue", "expired", "cancelled"))


async def test_without_scripts_a_page_that_waits_for_the_organisers_loads_again(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    _, _, registration.registration, registration.invoice = STAGES["checking"]
    page = await shown(site)
    assert f'<noscript><meta http-equiv="refresh" content="30;url={PAGE}"></noscript>' in page


@pytest.mark.parametrize("stage", STAGES)
async def test_a_page_with_something_to_fill_in_does_not_load_again_by_itself(
    site: httpx.AsyncClient, registration: RunnerApis, stage: str
) -> None:
    _, _, registration.registration, registration.invoice = STAGES[stage]
    page = await shown(site)
    assert not ("<form" in page and 'http-equiv="refresh"' in page)


async def test_a_title_has_the_bib_number_and_no_markup(site: httpx.AsyncClient, registration: RunnerApis) -> None:
    _, _, registration.registration, registration.invoice = STAGES["verified"]
    [title] = re.findall(r"<title>(.*?)</title>", await shown(site), re.DOTALL)
    assert unescape(title) == f"Terverifikasi \N{EN DASH} BIB 5001 · {NUMBER}"


async def test_a_reason_in_two_languages_stands_on_two_lines(site: httpx.AsyncClient, registration: RunnerApis) -> None:
    refused = paid("rejected", rejected_at=at(-1), rejection_reason="Gambar terpotong.\nThe picture is cut off.")
    registration.invoice = invoice("open", refused)
    page = await shown(site)
    assert '<b class="said">Gambar terpotong.\nThe picture is cut off.</b>' in page
    assert '<q class="small said">Gambar terpotong.\nThe picture is cut off.</q>' in page


async def test_the_deadline_in_the_timeline_is_one_until_which_something_can_be_done(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    page = await shown(site)
    [next_steps] = re.findall(r'<li class="timeline-next"><b>Anda membayar.*?</li>', page)
    assert "paling lambat " in next_steps


@pytest.mark.parametrize("stage", STAGES)
async def test_an_indonesian_page_has_no_english_words_and_nothing_inline(
    site: httpx.AsyncClient, registration: RunnerApis, stage: str
) -> None:
    _, _, registration.registration, registration.invoice = STAGES[stage]
    page = await shown(site)
    english = r"\b(the|and|of|is|are|your|you|pay|proof|payment|send|copy|runner|keep|help|registered)\b"
    assert re.findall(english, words(page.split("</nav>")[1].replace("Bali Fun Run", "")).lower()) == []
    assert re.findall(r"<style|\sstyle=|\son[a-z]+=|<script(?![^>]*\ssrc=)", page) == []


async def test_the_page_is_kept_by_nobody_and_its_address_told_to_nobody(site: httpx.AsyncClient) -> None:
    headers = (await site.get(PAGE, headers=COOKIE)).headers
    assert (headers["cache-control"], headers["referrer-policy"]) == ("no-store", "same-origin")
    assert headers["x-robots-tag"] == "noindex"


async def test_the_deadline_is_told_in_the_zone_of_the_race_and_counted_by_the_clock_of_the_server(
    site: httpx.AsyncClient,
) -> None:
    page = await shown(site)
    assert "Selasa, 5 Januari 2027 pukul 05.00 WITA" in page
    assert f'data-until="{at(18)}"' in page
    assert f'data-now="{at(0)}"' in page


async def test_account_and_amount_are_copied_as_digits_and_only_with_a_script(site: httpx.AsyncClient) -> None:
    page = await shown(site, f"{PAGE}/pay/bank_transfer")
    assert "Rp\N{NO-BREAK SPACE}1.300.042" in page
    buttons = re.findall(r"<button[^>]*data-copy=[^>]*>", page)
    assert [re.findall('data-copy="([^"]+)"', each)[0] for each in buttons[:2]] == ["1300042", "1234567890"]
    assert all(" hidden" in each for each in buttons)
    assert "atas nama Panitia Bali Fun Run" in words(page)


async def test_the_qris_picture_is_shown_large_and_can_be_saved(site: httpx.AsyncClient) -> None:
    page = await shown(site, f"{PAGE}/pay/qris")
    assert '<img src="/api/payment/v1/instructions/qris.png"' in page
    assert 'download="qris-bali-fun-run.png"' in page


async def test_without_account_and_qris_nobody_is_asked_to_pay_blindly(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.offers = [*NO_GATEWAY]
    page = await shown(site)
    assert "Panitia belum memasang" in page
    assert "qris.png" not in page
    assert "data-proof" in page, "who knows the account otherwise sends the proof here"


async def test_until_the_invoice_is_there_the_page_asks_again_by_itself(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.invoice = None
    page = await shown(site)
    assert headline(page) == "Menunggu pembayaran"
    assert "Tagihan sedang dibuat" in page
    assert 'data-refresh="3"' in page
    assert f'<noscript><meta http-equiv="refresh" content="3;url={PAGE}"></noscript>' in page
    assert "data-proof" not in page


@pytest.mark.parametrize("failure", [httpx.ConnectError("refused"), problem(503, "unavailable")], ids=["down", "busy"])
async def test_the_status_is_shown_while_payment_is_down(
    site: httpx.AsyncClient, registration: RunnerApis, failure: Exception | httpx.Response
) -> None:
    registration.failures["/api/payment/"] = failure
    page = await shown(site)
    assert headline(page) == "Menunggu pembayaran"
    assert "sedang tidak dapat dihubungi" in page
    assert 'data-refresh="20"' in page


async def test_the_timeline_tells_a_refusal_with_its_reason(site: httpx.AsyncClient, registration: RunnerApis) -> None:
    registration.invoice = invoice("open", REFUSED, paid(uploaded_at=at(-0.5)), REFUSED)
    entries = re.findall(r'<li class="timeline-(\w+)">', await shown(site))
    told = ["registered", "proof_sent", "proof_sent", "proof_refused", "proof_refused", "proof_sent"]
    assert entries == [*told, "next", "next", "next"]
    assert "Gambar &lt;terpotong&gt;" in await shown(site)


async def test_a_group_sees_all_its_runners_and_their_numbers(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    runners = [runner(number, bib=5001 + number) for number in range(5)]
    registration.registration = registered("payment_verified", payment_verified_at=at(-1), participants=runners)
    page = await shown(site)
    assert headline(page) == "Terverifikasi - BIB 5001-5005"
    assert all(f'href="{PAGE}/runners/{each["participant_id"]}"' in page for each in runners)
    assert f'href="{PAGE}/tickets"' in page
    assert f'href="{PAGE}/letter"' in page


async def test_a_group_sees_whose_race_pack_was_collected_when_and_where(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    # given a group of two, one of whom has the pack
    people = [runner(number, bib=5001 + number) for number in range(2)]
    _, _, verified, registration.invoice = STAGES["verified"]
    registration.registration = {**verified, "participants": people}
    registration.packs = [collected(1, checked_in_at="2027-01-04T01:30:00Z")]
    # when
    text = words(await shown(site, f"/en{PAGE}"))
    # then the time is that of the race, and the other one still learns where to go
    assert text.count("Race pack collected: Gate 3, Renon (4 Jan 2027, 09:30 WITA)") == 1
    assert text.index("Budi Santoso 1") < text.index("Race pack collected")
    assert "Race pack pick-up" in text
    assert registration.sent("/checkins")[0].headers["Authorization"].startswith("Bearer ")


async def test_with_all_race_packs_collected_nothing_is_said_of_collecting(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    _, _, registration.registration, registration.invoice = STAGES["verified"]
    registration.packs = [collected()]
    text = words(await shown(site))
    assert "Race pack sudah diambil: " in text
    assert [each for each in ("Pengambilan race pack", "Cetak surat kuasa") if each in text] == []


@pytest.mark.parametrize(
    "failure", [httpx.ConnectError("down"), problem(404, "not_found"), problem(503, "unavailable")], ids=str
)
async def test_without_check_in_the_page_is_shown_as_before(
    site: httpx.AsyncClient, registration: RunnerApis, failure: Exception | httpx.Response
) -> None:
    _, _, registration.registration, registration.invoice = STAGES["verified"]
    registration.packs, registration.failures["/checkins"] = [collected()], failure
    text = words(await shown(site))
    assert "Pengambilan race pack" in text
    assert "sudah diambil" not in text


@pytest.mark.parametrize("stage", sorted(STAGES.keys() - {"verified"}))
async def test_check_in_is_asked_only_once_there_can_be_a_pack(
    site: httpx.AsyncClient, registration: RunnerApis, stage: str
) -> None:
    _, _, registration.registration, registration.invoice = STAGES[stage]
    await shown(site)
    assert registration.sent("/checkins") == []


async def test_a_free_registration_is_never_asked_to_pay(site: httpx.AsyncClient, registration: RunnerApis) -> None:
    # given a registration that costs nothing, which is confirmed a moment later
    registration.registration = registered(total_amount="0.00")
    registration.invoice = None
    waiting = await shown(site)
    registration.registration = registered(
        "payment_verified", total_amount="0.00", payment_verified_at=at(0), participants=[runner(bib=7)]
    )
    confirmed = await shown(site)

    # then the page says so, before and after, and payment is not asked
    assert headline(waiting) == "Sebentar lagi selesai"
    assert 'data-refresh="3"' in waiting
    assert headline(confirmed) == "Anda sudah terdaftar - BIB 7"
    assert all("Tidak ada yang perlu dibayar" in each for each in (waiting, confirmed))
    assert registration.sent("/api/payment/") == []


_REFUNDS: list[tuple[str, str]] = [
    ("due", "Anda mendapat kembali Rp 1.300.042"),
    ("asked", "Rp 1.300.042 sedang dikembalikan ke asal pembayaran Anda"),
    ("done", "Rp 1.300.042 sudah dikembalikan pada 4 Jan 2027, 10.30 WITA"),
]


@pytest.mark.parametrize(("state", "says"), _REFUNDS, ids=lambda each: each[:5])
@pytest.mark.parametrize("stage", ["verified", "expired", "cancelled"])
async def test_a_refund_is_shown_with_its_amount_and_day(
    site: httpx.AsyncClient, registration: RunnerApis, stage: str, state: str, says: str
) -> None:
    _, _, registration.registration, _ = STAGES[stage]
    registration.invoice = invoice("paid", VERIFIED, refunds=[refund(state)])
    page = words(await shown(site))
    assert says in page.replace("\N{NO-BREAK SPACE}", " ")
    assert ("uang Anda dikembalikan. Panitia" in page) is False, "once is enough"


@pytest.mark.parametrize("state", ["waits_for_second", "cancelled"])
async def test_a_refund_that_is_not_decided_is_not_promised(
    site: httpx.AsyncClient, registration: RunnerApis, state: str
) -> None:
    _, _, registration.registration, _ = STAGES["verified"]
    registration.invoice = invoice("paid", VERIFIED, refunds=[refund(state)])
    assert "Pengembalian uang" not in await shown(site)


async def test_money_that_was_found_without_a_proof_is_not_called_one(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    # given a proof that a payment through the gateway made superfluous
    superseded = paid("rejected", rejected_at=at(-1), superseded_by="0190c0de-0000-7000-8000-000000000009")
    found = paid("verified", channel="midtrans", uploaded_at=at(-1), verified_at=at(-1))
    registration.invoice = invoice("paid", superseded, found)
    entries = re.findall(r'<li class="timeline-(\w+)">', await shown(site))

    # then the timeline has that proof, no refusal of it, and the money
    assert entries == ["registered", "proof_sent", "payment_received", "next"]


async def test_who_paid_for_a_cancelled_registration_reads_of_the_refund(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.registration = registered("cancelled", cancelled_at=at(-1))
    registration.invoice = invoice("cancelled", VERIFIED)
    assert "uang Anda dikembalikan" in await shown(site)
    registration.invoice = invoice("cancelled", REFUSED)
    assert "uang Anda dikembalikan" not in await shown(site)


async def test_an_expired_registration_says_what_can_be_done_now(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.registration = registered("expired", expired_at=at(-1))
    page = await shown(site)
    assert "Selama masih ada tempat, Anda dapat mendaftar lagi" in page
    registration.registration["event"]["is_active"] = False
    assert "mendaftar lagi" not in await shown(site)


async def test_the_link_can_be_kept_in_whatsapp_and_help_knows_the_number(site: httpx.AsyncClient) -> None:
    page = unescape(await shown(site, f"/en{PAGE}"))
    [keep, ask] = [unquote(each) for each in re.findall(r'href="(https://wa\.me/[^"]+)"', page)]
    assert keep.startswith("https://wa.me/?text=")
    assert keep.endswith(f"{SITE}/en{PAGE}/{CODE}")
    assert ask.startswith("https://wa.me/6281234567890?text=")
    assert NUMBER in ask
    assert CODE not in ask


async def test_a_page_with_all_it_needs_is_light(site: httpx.AsyncClient, registration: RunnerApis) -> None:
    """Bytes over the wire of a group of ten with every way to pay, without compression of the page."""
    registration.offers = [*BY_GATEWAY, *registration.offers]
    registration.registration = registered(participants=[runner(number) for number in range(10)])
    page = await shown(site)
    names = {each.partition(".")[2] for each in re.findall(r'"/static/([^"]+)"', page)}
    assert names == {"look.css", "status.css", "mark.svg", "status.js"}
    brand = await site.get("/brand/0b6b7a.css")
    whole = len(page.encode()) + len(brand.content) + sum(len(load()[name].compressed) for name in names)
    assert whole <= 30_000
