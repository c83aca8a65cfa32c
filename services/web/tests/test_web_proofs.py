"""The proof of a payment reaches payment whole, and what payment refuses is said at the form."""

import re
from collections.abc import AsyncIterator
from html import unescape
from typing import Any

import httpx
import pytest

from .runner_apis import COOKIE, ID, PAGE, RunnerApis, invoice, problem

PICTURE = bytes(range(256)) * 1000
FIELDS = {
    "amount": "1300042.00",
    "payment_method": "bank_transfer",
    "payment_date": "2027-01-04",
    "notes": "<Ani>",
}


@pytest.fixture
def registration() -> RunnerApis:
    return RunnerApis()


async def send(site: httpx.AsyncClient, picture: bytes = PICTURE, *, path: str = PAGE, **fields: str) -> httpx.Response:
    """Send the form as a browser does without a script."""
    files = {"file": ("IMG_1.HEIC", picture, "image/heic")}
    return await site.post(f"{path}/proof", data={**FIELDS, **fields}, files=files, headers=COOKIE)


def parts_of(request: httpx.Request) -> dict[str, bytes]:
    """Return the parts of a multipart body by name."""
    boundary = request.headers["content-type"].partition("boundary=")[2].encode()
    found = {}
    for part in request.content.split(b"--" + boundary)[1:-1]:
        head, _, body = part.partition(b"\r\n\r\n")
        [name] = re.findall(rb'; name="(\w+)"', head)
        found[name.decode()] = body.removesuffix(b"\r\n")
    return found


def summary(page: str) -> list[str]:
    """Return the messages of the summary of errors, each of which stands at its field as well."""
    listed = [unescape(each) for each in re.findall(r'<li><a href="#\w+">(.*?)</a>', page)]
    at_fields = [unescape(each) for each in re.findall(r'class="field-error"[^>]*>.*?</span> (.*?)</p>', page)]
    assert sorted(listed) == sorted(at_fields)
    return listed


@pytest.mark.parametrize("prefix", ["", "/en"])
async def test_a_proof_is_passed_on_and_the_status_shown(
    site: httpx.AsyncClient, registration: RunnerApis, prefix: str
) -> None:
    answer = await send(site, path=prefix + PAGE)
    assert (answer.status_code, answer.headers["location"]) == (303, prefix + PAGE)
    assert answer.headers["cache-control"] == "no-store"
    [sent] = registration.sent("/proofs")
    assert sent.url.path == f"/api/payment/v1/invoices/{ID}/proofs"
    assert sent.headers["authorization"] == f"Bearer {COOKIE['Cookie'].partition('~')[2]}"
    assert parts_of(sent) == {**{name: text.encode() for name, text in FIELDS.items()}, "file": PICTURE}


async def test_the_time_for_which_an_upload_was_on_its_way_counts_as_the_runners(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    await send(site)
    [sent] = registration.sent("/proofs")
    assert re.fullmatch(r"[0-9]{1,3}\.[0-9]{3}", sent.headers["x-request-age"])


async def test_empty_notes_and_unknown_fields_are_not_passed_on(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    await send(site, notes="  ", status="verified")
    [sent] = registration.sent("/proofs")
    assert parts_of(sent).keys() == {"amount", "payment_method", "payment_date", "file"}


async def test_without_a_picture_nothing_is_sent(site: httpx.AsyncClient, registration: RunnerApis) -> None:
    answer = await send(site, b"")
    assert answer.status_code == 422
    assert summary(answer.text) == ["Pilih gambar bukti pembayaran: tangkapan layar atau foto."]
    assert registration.sent("/proofs") == []


@pytest.mark.parametrize("code", ["proof_pending", "already_paid"])
async def test_a_proof_that_is_in_already_counts_as_sent(
    site: httpx.AsyncClient, registration: RunnerApis, code: str
) -> None:
    """The answer to the first attempt was lost, or another tab was quicker."""
    registration.failures["/proofs"] = problem(409, code)
    answer = await send(site)
    assert (answer.status_code, answer.headers["location"]) == (303, PAGE)


_REFUSALS: list[tuple[int, str, str]] = [
    (413, "payload_too_large", "lebih dari 2 MB"),
    (415, "unsupported_image", "Foto iPhone (HEIC)"),
    (409, "amount_mismatch", "Lihat jumlah di atas"),
    (409, "invoice_expired", "Batas waktu sudah lewat"),
    (409, "invoice_cancelled", "tidak ada yang perlu dibayar"),
    (409, "proof_in_progress", "sedang diproses"),
    (404, "invoice_not_found", "masih dibuat"),
    (503, "too_busy", "belum tersimpan"),
    (503, "unavailable", "Kata API: unavailable"),
    (409, "of_a_newer_release", "Kata API: of_a_newer_release"),
]


@pytest.mark.parametrize(("status", "code", "says"), _REFUSALS, ids=lambda each: str(each)[:20])
async def test_a_refusal_is_said_at_the_form_and_what_was_typed_is_kept(
    site: httpx.AsyncClient, registration: RunnerApis, status: int, code: str, says: str
) -> None:
    registration.failures["/proofs"] = problem(status, code)
    answer = await send(site)
    assert answer.status_code == status
    assert says in summary(answer.text)[0]
    assert answer.text.count("<title>Kesalahan: ") == 1
    assert re.search(r'value="bank_transfer" checked', answer.text)
    assert 'value="2027-01-04"' in answer.text
    assert "&lt;Ani&gt;</textarea>" in answer.text


async def test_a_refusal_is_said_where_no_proof_can_be_sent_any_more(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.failures["/proofs"] = problem(409, "invoice_expired")
    registration.invoice = invoice("expired")
    answer = await send(site)
    assert answer.status_code == 409
    assert "data-proof" not in answer.text
    assert "Batas waktu sudah lewat" in answer.text


async def test_wrong_fields_are_named_in_the_words_of_the_api(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    wrong = [{"field": "payment_date", "message": "ada di masa depan"}, {"field": "amount", "message": "salah"}]
    registration.failures["/proofs"] = problem(422, "invalid_fields", errors=wrong)
    answer = await send(site)
    assert answer.status_code == 422
    assert summary(answer.text) == ["ada di masa depan", "salah"]
    assert '<a href="#payment_date">' in answer.text


async def test_while_an_earlier_proof_is_checked_the_page_looks_again(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    registration.failures["/proofs"] = problem(409, "proof_in_progress", headers={"Retry-After": "9"})
    answer = await send(site)
    assert 'data-refresh="9"' in answer.text
    assert f'content="9;url={PAGE}"' in answer.text


@pytest.mark.parametrize("failure", [httpx.ConnectError("refused"), httpx.ReadTimeout("slow"), httpx.Response(502)])
async def test_when_the_answer_is_lost_sending_again_is_said_to_be_safe(
    site: httpx.AsyncClient, registration: RunnerApis, failure: Any
) -> None:
    registration.failures["/proofs"] = failure
    answer = await send(site)
    assert answer.status_code == 503
    assert "tidak akan dihitung dua kali" in summary(answer.text)[0]


async def test_a_body_over_the_limit_is_refused_unread_with_the_way_back(
    site: httpx.AsyncClient, registration: RunnerApis
) -> None:
    answer = await send(site, bytes(2 * 1024 * 1024 + 60 * 1024))
    assert answer.status_code == 413
    assert "Gambarnya terlalu besar" in answer.text
    assert f'href="{PAGE}"' in answer.text
    assert registration.requests == []


async def test_a_picture_of_just_two_megabytes_fits(site: httpx.AsyncClient, registration: RunnerApis) -> None:
    answer = await send(site, bytes(2 * 1024 * 1024))
    assert answer.status_code == 303
    assert len(registration.sent("/proofs")[0].content) < 2 * 1024 * 1024 + 64 * 1024, "payment accepts no more"


@pytest.mark.parametrize(
    ("refused", "status"), [(problem(401, "invalid_token"), 401), (problem(429, "too_many_requests"), 429)]
)
async def test_refusals_of_the_visitor_have_their_own_pages(
    site: httpx.AsyncClient, registration: RunnerApis, refused: httpx.Response, status: int
) -> None:
    registration.failures["/proofs"] = refused
    answer = await send(site)
    assert answer.status_code == status
    assert "data-proof" not in answer.text


async def test_a_reload_of_the_forms_address_leads_to_the_status(site: httpx.AsyncClient) -> None:
    answer = await site.get(f"/en{PAGE}/proof")
    assert (answer.status_code, answer.headers["location"]) == (303, f"/en{PAGE}")


async def test_another_site_cannot_send_a_proof(site: httpx.AsyncClient, registration: RunnerApis) -> None:
    answer = await site.post(f"{PAGE}/proof", data=FIELDS, headers={**COOKIE, "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 403
    assert registration.requests == []


_UNREAD = [
    (problem(401, "invalid_token"), PAGE, 401),
    (problem(403, "forbidden"), PAGE, 403),
    (problem(429, "too_many_requests"), PAGE, 429),
    (problem(404, "invoice_not_found"), PAGE, 404),
    (httpx.Response(200, json=invoice()), "/r/FR5K-00043", 403),
]


@pytest.mark.parametrize(
    ("answer", "path", "status"), _UNREAD, ids=["forged", "forbidden", "often", "no invoice", "elsewhere"]
)
async def test_nothing_is_read_of_an_upload_without_an_invoice_of_its_sender(
    site: httpx.AsyncClient, registration: RunnerApis, answer: httpx.Response, path: str, status: int
) -> None:
    """Anybody can write a token into a cookie, and use one at any address; slow uploads would take all the places."""
    registration.failures["/invoices/"] = answer
    read = []

    async def picture() -> AsyncIterator[bytes]:
        read.append(1)
        yield PICTURE

    # when a proof is sent
    headers = {**COOKIE, "Content-Type": "multipart/form-data; boundary=b"}
    page = await site.post(f"{path}/proof", content=picture(), headers=headers)

    # then it is refused before its body is read
    assert page.status_code == status
    assert read == []


@pytest.mark.parametrize("status", [302, 308])
async def test_an_answer_that_leads_elsewhere_says_nothing_about_the_proof(
    site: httpx.AsyncClient, registration: RunnerApis, status: int
) -> None:
    registration.failures["/proofs"] = httpx.Response(status, headers={"Location": "https://payment.example/"})
    answer = await send(site)
    assert answer.status_code == 503
    assert "tidak akan dihitung dua kali" in summary(answer.text)[0]
