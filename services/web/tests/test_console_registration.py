"""One registration in the console: one history of all services, and what staff may do with it."""

import httpx
import pytest
from chassis.auth.principals import Role

from . import walk_registration_answers as given
from .markup import Element
from .own_console import own_console
from .walk import Answers, problem
from .walk_registration_answers import API, ID, LINK, PAID, PERSON

PAGE = f"/console/registrations/{ID}"
AWAY = httpx.Response(502)
UNPAID: Answers = {given.REGISTRATION: given.registration("pending_payment"), given.INVOICE: given.invoice()}
INVOICE_PROOFS = f"{given.PAYMENT}/invoices/{ID}/proofs"


def _history(page: Element) -> list[str]:
    [history] = [each for each in page.all("ol") if each.get("class") == "history"]
    return [each.text for each in history.all("li")]


def _links(page: Element) -> list[str]:
    return [each.get("href") or "" for each in page.all("a")]


async def test_all_services_are_in_one_history_newest_first() -> None:
    async with own_console() as console:
        found = _history(await console.open(PAGE))
    wanted = (
        "Hand-out of the race pack undone",
        "Race pack handed out",
        "Cancelled",
        "Note",
        "Data corrected",
        "E-ticket",
        "Payment verified",
        "Proof refused",
        "Proof of payment",
    )
    places = [next(at for at, each in enumerate(found) if each.startswith(word)) for word in wanted]
    assert places == sorted(places)
    assert found[-1].startswith("Joined the waiting list")


async def test_the_history_says_who_did_it_and_why() -> None:
    async with own_console() as console:
        found = _history(await console.open(PAGE))
    [cancelled] = [each for each in found if each.startswith("Cancelled")]
    assert "123" in cancelled
    assert cancelled.endswith("Budi Santoso")
    [corrected] = [each for each in found if each.startswith("Data corrected")]
    assert "Name, Jersey size" in corrected
    [refused] = [each for each in found if each.startswith("Proof refused")]
    assert "789" in refused
    assert next(each for each in found if each.startswith("Preferred")).endswith("Staff"), "who left has no name"
    assert len([each for each in found if "verified" in each]) == 1, "payment and registration say the same once"


@pytest.mark.parametrize(
    ("away", "words"),
    [
        (given.INVOICE, "Payments do not answer right now."),
        (given.MESSAGES, "Messages do not answer right now."),
        (given.PACKS, "Race packs do not answer right now"),
        (given.NOTES, "Notes do not answer right now."),
    ],
)
async def test_a_part_that_is_away_leaves_the_rest(away: tuple[str, str], words: str) -> None:
    async with own_console({away: AWAY}) as console:
        page = await console.open(PAGE)
    assert words in page.text
    assert "p0@example.com" in page.text
    assert "Data corrected" in page.text


async def test_each_role_sees_what_it_may_do() -> None:
    doors = {f"/en{PAGE}/{name}" for name in ("cancel", "link", "proof", f"participants/{PERSON}")}
    seen = {}
    for role in Role:
        async with own_console(UNPAID, role=role) as console:
            seen[role] = doors & set(_links(await console.open(PAGE)))
    proof = {f"/en{PAGE}/proof"}
    assert seen == {
        Role.OWNER: doors,
        Role.ADMIN: doors,
        Role.FINANCE: proof,
        Role.CHECKIN: set(),
        Role.VIEWER: set(),
    }


async def test_who_may_not_review_does_not_ask_for_reviews_and_pictures() -> None:
    async with own_console(role=Role.VIEWER) as console:
        page = await console.open(PAGE)
        assert not [each for each in console.requests if "/payments/" in each.url.path]
        assert not [each for each in _links(page) if each.endswith("/picture")]
        await console.open(f"{PAGE}/payments/{PAID}/picture", status=403)


async def test_a_picture_is_passed_on_as_data_that_runs_nothing() -> None:
    async with own_console(role=Role.FINANCE) as console:
        answer = await console.client.get(f"{PAGE}/payments/{PAID}/picture")
    assert (answer.status_code, answer.content) == (200, b"picture")
    assert answer.headers["Content-Type"] == "image/png"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["Cache-Control"] == "no-store"


async def test_a_note_is_saved_and_shown_by_the_page_that_follows() -> None:
    path = f"{API}/registrations/{ID}/notes"
    async with own_console({("POST", path): httpx.Response(201)}, role=Role.VIEWER) as console:
        assert await console.sent_to(PAGE, text=" Calls back ") == f"/en{PAGE}?done=noted"
        assert console.bodies("POST", path) == [{"text": "Calls back"}]
        note = str(given.MESSAGE)
        await console.sent_to(PAGE, text="Calls back", note=note)
        assert console.bodies("POST", path)[-1] == {"text": "Calls back", "id": note}


async def test_a_note_that_was_not_saved_is_still_in_the_form() -> None:
    path = f"{API}/registrations/{ID}/notes"
    async with own_console({("POST", path): AWAY}) as console:
        page = await console.send(PAGE, status=503, text="Calls back")
    assert page.one("textarea", id="text").text == "Calls back"


async def test_a_message_that_waits_is_not_sent_twice() -> None:
    path = f"/api/notification/v1/notifications/{given.MESSAGE}/resend"
    waits = problem(409, "message_waiting", detail="It waits for its turn.")
    async with own_console({("POST", path): waits}) as console:
        page = await console.send(f"{PAGE}/messages/{given.MESSAGE}/resend", status=409)
    assert "It waits for its turn." in page.text


async def test_only_changed_fields_of_a_participant_are_sent() -> None:
    path = f"{API}/registrations/{ID}/participants/{PERSON}"
    async with own_console({("PATCH", path): given.json_of({})}) as console:
        page = await console.open(f"{PAGE}/participants/{PERSON}")
        shown = {each.get("name") or "": each.get("value") or "" for each in page.all("input") if each.get("name")}
        shown |= {"gender": "male", "jersey_size": "l"}
        assert shown["whatsapp"] == "0812 3456 7800"

        sent = {**shown, "full_name": "Budi S.", "identity_number": "", "jersey_size": "xl"}
        assert await console.sent_to(f"{PAGE}/participants/{PERSON}", **sent) == f"/en{PAGE}?done=corrected"
        assert await console.sent_to(f"{PAGE}/participants/{PERSON}", **shown) == f"/en{PAGE}?done=unchanged"

        changed = {"full_name": "Budi S.", "identity_number": None, "jersey_size": "xl"}
        assert console.bodies("PATCH", path) == [changed]


async def test_what_somebody_else_changed_meanwhile_is_not_undone() -> None:
    path = f"{API}/registrations/{ID}/participants/{PERSON}"
    async with own_console({("PATCH", path): given.json_of({})}) as console:
        stale = {"email": "old@example.com", "shown-email": "old@example.com", "full_name": "Budi S."}
        await console.sent_to(f"{PAGE}/participants/{PERSON}", **stale)
        assert console.bodies("PATCH", path) == [{"full_name": "Budi S."}]


async def test_errors_stand_at_their_fields_and_what_was_typed_stays() -> None:
    path = f"{API}/registrations/{ID}/participants/{PERSON}"
    wrong = problem(422, "invalid_fields", errors=[{"field": "body.email", "message": "Write an address."}])
    async with own_console({("PATCH", path): wrong}) as console:
        page = await console.send(f"{PAGE}/participants/{PERSON}", status=422, email="nothing")
    field = page.one("input", id="email")
    assert (field.get("value"), field.get("aria-invalid")) == ("nothing", "true")
    assert "Write an address." in page.text


async def test_effects_of_a_cancellation_are_named_before_it() -> None:
    async with own_console() as console:
        page = await console.open(f"{PAGE}/cancel")
        words = page.one("main").text
        assert "5 places become free." in words
        assert "5 BIB numbers are never given again." in words
        assert "Rp 150.000 has to be paid back" in words
        assert "1 race pack is handed out already: Budi Santoso. Ask for it back." in words
        assert not console.bodies("POST", f"{API}/registrations/{ID}/cancel")


_UNIQUE: Answers = {given.INVOICE: given.invoice("paid", given.payment(received="149877.00"))}
_BACK_IN_PART: Answers = {
    given.INVOICE: given.invoice("paid", given.payment(received="149877.00"), refunds=[given.going_back("done")])
}
_ALL_BACK: Answers = {
    given.INVOICE: given.invoice("paid", given.payment(), refunds=[given.going_back("done", amount="150000.00")])
}

_CHARGED_BACK: Answers = {given.INVOICE: given.invoice("paid", given.payment(taken_back="150000.00"))}
_CHARGED_BACK_IN_PART: Answers = {
    given.INVOICE: given.invoice("paid", given.payment(taken_back="30000.00"), refunds=[given.going_back("done")])
}


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        (_UNIQUE, "Rp 149.877 has to be paid back"),
        (_BACK_IN_PART, "Rp 99.877 has to be paid back"),
        (_ALL_BACK, "Nothing is left to pay back"),
        (_CHARGED_BACK, "Nothing is left to pay back"),
        (_CHARGED_BACK_IN_PART, "Rp 70.000 has to be paid back"),
        ({given.INVOICE: problem(404, "unknown")}, "Rp 700.000 has to be paid back"),
        ({given.INVOICE: AWAY}, "How much is not known now"),
    ],
)
async def test_what_a_cancellation_gives_back_is_what_is_left_of_what_came_in(answers: Answers, said: str) -> None:
    async with own_console(answers) as console:
        assert said in (await console.open(f"{PAGE}/cancel")).one("main").text


async def test_a_cancellation_says_that_packs_are_not_known_while_check_in_is_away() -> None:
    async with own_console({given.PACKS: AWAY}) as console:
        words = (await console.open(f"{PAGE}/cancel")).one("main").text
    assert "Whether race packs are handed out already is not known now" in words


async def test_a_cancellation_takes_a_reason() -> None:
    path = f"{API}/registrations/{ID}/cancel"
    async with own_console({("POST", path): httpx.Response(204)}) as console:
        assert await console.sent_to(f"{PAGE}/cancel", reason="Sick") == f"/en{PAGE}?done=cancelled"
        assert console.bodies("POST", path) == [{"reason": "Sick"}]


async def test_if_somebody_else_was_quicker_the_new_state_is_shown() -> None:
    answers = {
        ("POST", f"{API}/registrations/{ID}/cancel"): problem(409, "not_cancellable"),
        given.EFFECTS: problem(409, "not_cancellable"),
        given.REGISTRATION: given.registration("cancelled"),
    }
    async with own_console(answers) as console:
        page = await console.send(f"{PAGE}/cancel", status=409, reason="Sick")
    assert "It is cancelled already, perhaps by somebody else a moment ago." in page.text
    assert not [each for each in page.all("form") if (each.get("action") or "").endswith("/cancel")]


async def test_a_new_link_is_made_only_by_the_button_and_is_in_no_address() -> None:
    path = f"{API}/registrations/{ID}/access-code"
    async with own_console() as console:
        asked = await console.open(f"{PAGE}/link")
        assert "stop at once" in asked.text
        assert not console.bodies("POST", path)

        answer = await console.client.post(f"/en{PAGE}/link")
        assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
        assert LINK in answer.text
        assert f'href="{LINK}"' not in answer.text
        assert len(console.bodies("POST", path)) == 1
        assert LINK not in (await console.client.get(f"/en{PAGE}")).text


async def test_a_proof_is_handed_in_for_a_runner() -> None:
    answers = {**UNPAID, ("POST", INVOICE_PROOFS): httpx.Response(201)}
    form = {"payment_method": "qris", "amount": "Rp 150.000", "payment_date": "2027-01-03", "payment_time": "09:30"}
    async with own_console(answers, role=Role.FINANCE) as console:
        assert await console.sent_with(b"the picture", f"{PAGE}/proof", **form) == f"/en{PAGE}?done=handed_in"
        [sent] = [each for each in console.requests if each.url.path == INVOICE_PROOFS]
    body = sent.content
    assert b"the picture" in body
    assert b"\r\n150000\r\n" in body
    assert b"2027-01-03T09:30:00+07:00" in body


@pytest.mark.parametrize(
    ("zone", "offset"), [("Asia/Jayapura", b"+09:00"), ("Mars/Base", b"+07:00"), ("../x", b"+07:00")]
)
async def test_the_time_of_a_payment_is_of_the_zone_in_which_the_form_showed_times(zone: str, offset: bytes) -> None:
    answers = {**UNPAID, ("POST", INVOICE_PROOFS): httpx.Response(201)}
    form = {
        "payment_method": "qris",
        "amount": "1",
        "payment_date": "2027-01-03",
        "payment_time": "09:30",
        "zone": zone,
    }
    async with own_console(answers, role=Role.FINANCE) as console:
        shown = await console.open(f"{PAGE}/proof")
        assert shown.one("input", name="zone").get("value") == "Asia/Jakarta"
        await console.sent_with(b"the picture", f"{PAGE}/proof", **form)
        [sent] = [each for each in console.requests if each.url.path == INVOICE_PROOFS]
    assert b"2027-01-03T09:30:00" + offset in sent.content


@pytest.mark.parametrize(
    ("code", "field"), [("amount_mismatch", "amount"), ("payload_too_large", "file"), ("unsupported_image", "file")]
)
async def test_why_a_proof_was_refused_stands_at_its_field(code: str, field: str) -> None:
    answers = {**UNPAID, ("POST", INVOICE_PROOFS): problem(409, code)}
    async with own_console(answers) as console:
        files = {"file": ("proof.png", b"x", "image/png")}
        form = {"payment_method": "bank_transfer", "amount": "1", "payment_date": "2027-01-03"}
        answer = await console.client.post(f"/en{PAGE}/proof", data=form, files=files)
    assert answer.status_code == 409
    assert f'id="{field}-error"' in answer.text


async def test_a_large_picture_fits_and_a_larger_one_is_refused() -> None:
    answers = {**UNPAID, ("POST", INVOICE_PROOFS): httpx.Response(201)}
    form = {"payment_method": "qris", "amount": "150000", "payment_date": "2027-01-03"}
    async with own_console(answers) as console:
        for size, status in ((2 * 1024 * 1024, 303), (3 * 1024 * 1024, 413)):
            files = {"file": ("proof.png", b"x" * size, "image/png")}
            answer = await console.client.post(f"/en{PAGE}/proof", data=form, files=files)
            assert answer.status_code == status


async def test_what_was_typed_is_offered_again_when_the_whole_service_is_away() -> None:
    whole = {(method, f"{API}/registrations/{ID}{part}"): AWAY for method, part in (("POST", "/notes"), ("GET", ""))}
    async with own_console(whole, role=Role.VIEWER) as console:
        page = await console.send(PAGE, status=503, text="Calls back")
    form = page.one("form", action=f"/en{PAGE}")
    assert form.one("input", name="text").get("value") == "Calls back"
    assert "may be done or not" in page.text


MONEY: Answers = {
    given.INVOICE: given.invoice(
        "paid",
        given.payment(channel="midtrans", verified_at=None),
        payable_amount="149877.00",
        refunds=[given.going_back(), given.going_back("done", way="gateway", refund_id=given.MESSAGE)],
    ),
    given.KEPT: given.page(given.kept("refunded", refunded_at=given.at(-0.01), refunded_by=given.STAFF_ID)),
    given.CHARGES: given.json_of({"items": [given.charge("expired", bank="bca")]}),
}


async def test_money_that_came_and_went_is_in_its_panel_and_in_the_history() -> None:
    async with own_console(MONEY) as console:
        page = await console.open(PAGE)
    [panel] = [each for each in page.all("section") if each.get("aria-labelledby") == "money-title"]
    words = panel.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "by transfer with its unique amount: Rp 149.877" in words
    assert "Surplus: paid twice · Rp 150.000" in words
    wanted = {
        f"/en/console/payments/{PAID}",
        f"/en/console/payments/{PAID}/refund",
        f"/en/console/refunds/{given.OTHER}",
        f"/en/console/refunds/{given.MESSAGE}",
        f"/en/console/surplus/{given.OTHER}",
    }
    assert wanted <= {each.get("href") for each in panel.all("a")}
    found = [each.replace("\N{NO-BREAK SPACE}", " ") for each in _history(page)]
    back = [each for each in found if each.startswith("Paid back")]
    assert [each.rpartition("·")[2].strip() for each in back] == ["Budi Santoso", "Automatic"]
    assert any(each.startswith("Has to be paid back Rp 50.000") for each in found)
    assert any(each.startswith("Money that the bill does not take Rp 150.000") for each in found)
    assert any(each.startswith("Money arrived Rp 150.000 · Payment gateway") for each in found)
    assert any("virtual account of BCA · Rp 150.000 · expired" in each for each in found)
    assert not any(each.startswith("Proof of payment sent") for each in found), "there was none"


@pytest.mark.parametrize("role", [Role.FINANCE, Role.VIEWER])
async def test_a_refund_that_waits_for_a_second_person_says_so(role: Role) -> None:
    waits = given.invoice("paid", given.payment(), refunds=[given.going_back("waits_for_second")])
    async with own_console({given.INVOICE: waits}, role=role) as console:
        page = await console.open(PAGE)
    [panel] = [each for each in page.all("section") if each.get("aria-labelledby") == "money-title"]
    words = panel.text.replace("\N{NO-BREAK SPACE}", " ")
    assert "Refund · Rp 50.000 Waits for a second person" in words
    assert "Waits since" in words
    assert "Due since" not in words
    found = [each.replace("\N{NO-BREAK SPACE}", " ") for each in _history(page)]
    assert any(each.startswith("Paying back waits for a second person Rp 50.000") for each in found)
    assert not any(each.startswith("Has to be paid back") for each in found)


@pytest.mark.parametrize("role", [Role.VIEWER, Role.CHECKIN])
async def test_who_may_not_handle_money_does_not_ask_for_it(role: Role) -> None:
    async with own_console(MONEY, role=role) as console:
        page = await console.open(PAGE)
        asked = [each.url.path for each in console.requests]
    assert not [each for each in asked if each.endswith(("/surplus", "/charges"))]
    assert not [each for each in _links(page) if "/console/refunds" in each or "/console/surplus" in each]


async def test_while_kept_money_and_charges_are_away_the_rest_is_shown() -> None:
    async with own_console({**MONEY, given.KEPT: AWAY, given.CHARGES: AWAY}) as console:
        page = await console.open(PAGE)
    assert f"/en/console/refunds/{given.OTHER}" in _links(page)
