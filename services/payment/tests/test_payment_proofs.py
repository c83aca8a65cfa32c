"""A runner sends a proof: taken once, in time, for the right amount."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from chassis.auth.principals import Role
from contracts import PaymentMethod, PaymentUploaded
from payment.images.processing import MAX_FILE_BYTES
from payment.proofs.forms import FORM_BYTES
from testkit.harness import ManualClock

from . import payment_pictures as pictures
from .payment_world import Office


async def test_a_proof_in_time_for_the_right_amount_waits_for_staff_and_stops_the_clock(office: Office) -> None:
    # given
    entry = await office.registered()
    # when
    answer = await office.upload(entry, payment_method="qris", notes="from my wife's account")
    # then
    assert answer.status == 201
    payment_id = UUID(answer.body["payment_id"])
    assert answer.body == {"payment_id": str(payment_id), "status": "uploaded"}
    [event] = await office.said(PaymentUploaded)
    assert event.subject == entry.id
    assert event.payload == PaymentUploaded(
        payment_id=payment_id,
        registration_id=entry.id,
        amount=Decimal("150000.00"),
        currency="IDR",
        payment_method=PaymentMethod.QRIS,
        uploaded_at=event.payload.uploaded_at,
        due_at=entry.expires_at,
        sequence=1,
    )
    invoice = await office.invoice(entry)
    assert invoice["status"] == "proof_uploaded"
    [shown] = invoice["payments"]
    assert shown["payment_id"] == str(payment_id)
    assert (shown["status"], shown["amount"], shown["notes"]) == ("uploaded", "150000.00", "from my wife's account")


async def test_the_stored_image_has_a_random_name_and_nothing_of_the_file_that_was_sent(office: Office) -> None:
    entry = await office.registered()
    await office.uploaded(entry, file=pictures.jpeg_from_a_phone() + pictures.ZIP)
    [stored] = office.stored()
    assert len(UUID(stored.stem).hex) == 32
    assert stored.parent.name == "proofs"
    data = stored.read_bytes()
    assert b"Phone" not in data
    assert b"PK\x03\x04" not in data


async def test_an_invoice_shows_what_is_owed_until_when(office: Office) -> None:
    entry = await office.registered()
    assert await office.invoice(entry) == {
        "registration_id": str(entry.id),
        "registration_number": entry.number,
        "amount": "150000.00",
        "currency": "IDR",
        "status": "open",
        "expires_at": entry.expires_at.isoformat().replace("+00:00", "Z"),
        "payments": [],
    }


async def test_before_registration_has_told_us_there_is_no_invoice_yet(office: Office) -> None:
    entry = office.entry()
    runner = office.issuer.runner(entry.id)
    answer = await office.call("GET", f"/invoices/{entry.id}", headers=runner)
    assert answer.refused_with(404, "invoice_not_found")
    assert "not yet" in answer.body["detail"]
    assert (await office.upload(entry)).refused_with(404, "invoice_not_found")


async def test_another_amount_than_the_invoice_is_refused_and_the_right_one_is_named(office: Office) -> None:
    entry = await office.registered()
    for amount in ("149999.99", "150000.01", "1.00", "9999999999.99"):
        answer = await office.upload(entry, amount=amount)
        assert answer.refused_with(409, "amount_mismatch")
        assert (answer.body["expected"], answer.body["currency"]) == ("150000.00", "IDR")
        assert "150000.00 IDR" in answer.body["detail"]


async def test_the_same_amount_may_be_written_without_decimals(office: Office) -> None:
    for amount in ("150000", "150000.00"):
        await office.uploaded(await office.registered(), amount=amount)


async def test_a_proof_up_to_the_last_moment_is_taken_and_after_it_refused(office: Office, clock: ManualClock) -> None:
    # given
    punctual, late = await office.registered(hours=1), await office.registered(hours=1)
    # when
    clock.advance(timedelta(minutes=59))
    taken = await office.upload(punctual)
    clock.advance(timedelta(minutes=1, seconds=1))
    refused = await office.upload(late)
    # then
    assert taken.status == 201
    assert refused.refused_with(409, "invoice_expired")


async def test_a_second_proof_is_refused_while_the_first_waits_and_when_it_was_verified(office: Office) -> None:
    entry, payment = await office.waiting()
    assert (await office.upload(entry)).refused_with(409, "proof_pending")
    await office.verify(payment)
    assert (await office.upload(entry)).refused_with(409, "already_paid")


async def test_a_cancelled_or_expired_registration_takes_no_proof(office: Office) -> None:
    cancelled, expired = await office.registered(), await office.registered()
    await office.hear(cancelled.cancelled())
    await office.hear(expired.expired())
    assert (await office.upload(cancelled)).refused_with(409, "invoice_cancelled")
    assert (await office.upload(expired)).refused_with(409, "invoice_expired")


async def test_two_megabytes_are_taken_and_one_byte_more_is_not(office: Office) -> None:
    entry = await office.registered()
    refused = await office.upload(entry, file=pictures.jpeg_of_size(MAX_FILE_BYTES + 1))
    assert refused.refused_with(413, "payload_too_large")
    assert refused.body["limit"] == 2 * 1024 * 1024
    assert office.stored() == []
    assert (await office.upload(entry, file=pictures.jpeg_of_size(MAX_FILE_BYTES))).status == 201


async def test_a_much_larger_body_is_stopped_while_it_streams_in(office: Office) -> None:
    # given
    entry = await office.registered()
    sent = 0

    async def endless() -> object:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
        while sent < 50 * MAX_FILE_BYTES:
            sent += 64 * 1024
            yield b"\xff" * 64 * 1024

    # when
    response = await office.service.http.post(
        f"/api/payment/v1/invoices/{entry.id}/proofs",
        headers={**office.issuer.runner(entry.id), "Content-Type": "multipart/form-data; boundary=x"},
        content=endless(),  # type: ignore[arg-type]  # an async generator is an async iterable of bytes
    )
    # then
    assert (response.status_code, response.json()["code"]) == (413, "payload_too_large")
    assert sent <= FORM_BYTES + 128 * 1024


_NO_IMAGES: list[bytes] = [
    b"",
    b"text",
    pictures.SVG,
    pictures.PDF,
    pictures.GIF,
    pictures.jpeg()[:-100],
    pictures.png_that_declares(30_000, 30_000),
]


async def test_a_file_that_is_no_accepted_image_is_refused_whatever_it_is_called(office: Office) -> None:
    entry = await office.registered()
    for file in _NO_IMAGES:
        assert (await office.upload(entry, file=file)).refused_with(415, "unsupported_image")
    assert office.stored() == []
    assert (await office.invoice(entry))["status"] == "open"


_WRONG_FIELDS: list[tuple[dict[str, Any], str]] = [
    ({"payment_method": None}, "payment_method"),
    ({"payment_method": "cash"}, "payment_method"),
    ({"payment_method": "qris\0"}, "payment_method"),
    ({"amount": None}, "amount"),
    ({"amount": "much"}, "amount"),
    ({"amount": "NaN"}, "amount"),
    ({"amount": "Infinity"}, "amount"),
    ({"amount": "0"}, "amount"),
    ({"amount": "-150000.00"}, "amount"),
    ({"amount": "150000.001"}, "amount"),
    ({"amount": "12345678901.00"}, "amount"),
    ({"payment_date": None}, "payment_date"),
    ({"payment_date": ""}, "payment_date"),
    ({"payment_date": "yesterday"}, "payment_date"),
    ({"payment_date": "2026-13-01"}, "payment_date"),
    ({"payment_date": "1780000000"}, "payment_date"),
    ({"payment_date": "2026-11-01T10:00:00"}, "payment_date"),
    ({"payment_date": "0001-01-01T00:00:00+14:00"}, "payment_date"),
    ({"payment_date": "9999-12-31T23:59:59-12:00"}, "payment_date"),
    ({"payment_date": "0001-01-01"}, "payment_date"),
    ({"payment_date": "9999-12-31"}, "payment_date"),
    ({"payment_date": "2026-11-01\0"}, "payment_date"),
    ({"payment_date": "2" * 100}, "payment_date"),
    ({"notes": "a\0b"}, "notes"),
    ({"notes": "a\x07b"}, "notes"),
    ({"notes": "n" * 2001}, "notes"),
    ({"status": "verified"}, "status"),
    ({"payment_method": ["qris", "bank_transfer"]}, "payment_method"),
]


async def test_a_wrong_field_is_named(office: Office) -> None:
    entry = await office.registered()
    for form, field in _WRONG_FIELDS:
        answer = await office.upload(entry, **form)
        assert answer.refused_with(422, "invalid_fields"), form
        assert answer.fields == [field], form
    assert office.stored() == []


async def test_notes_may_be_left_blank_and_may_be_long(office: Office) -> None:
    blank, long = await office.registered(), await office.registered()
    await office.uploaded(blank, notes="  ")
    await office.uploaded(long, notes="é" * 2000)
    assert (await office.invoice(blank))["payments"][0]["notes"] is None
    assert (await office.invoice(long))["payments"][0]["notes"] == "é" * 2000


async def test_a_form_without_a_file_or_with_the_wrong_shape_is_refused(office: Office) -> None:
    entry = await office.registered()
    url, runner = f"/api/payment/v1/invoices/{entry.id}/proofs", office.issuer.runner(entry.id)
    fields = {"payment_method": "qris", "amount": "150000.00", "payment_date": "2026-11-01"}
    for body in (
        {"data": {**fields, "file": "no file"}},
        {"data": fields},
        {"json": fields},
        {"files": {"proof": ("a.jpg", pictures.jpeg())}, "data": fields},
    ):
        response = await office.service.http.post(url, headers=runner, **body)
        assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "file"), response.json()
    two = [("file", ("a.jpg", pictures.jpeg())), ("file", ("b.jpg", pictures.jpeg()))]
    response = await office.service.http.post(url, headers=runner, data=fields, files=two)
    assert (response.status_code, response.json()["errors"][0]["field"]) == (422, "file")


_BROKEN_FORMS: list[tuple[str, bytes]] = [
    ("multipart/form-data", b"--x\r\n"),
    ("multipart/form-data; boundary=x", b"nothing like it"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nnameless\r\n--x--\r\n"),
    (
        "multipart/form-data; boundary=x; charset=utf-16",
        b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\r\n--x--\r\n',
    ),
]


async def test_a_broken_form_is_the_senders_fault(office: Office) -> None:
    entry = await office.registered()
    for content_type, body in _BROKEN_FORMS:
        response = await office.service.http.post(
            f"/api/payment/v1/invoices/{entry.id}/proofs",
            headers={**office.issuer.runner(entry.id), "Content-Type": content_type},
            content=body,
        )
        assert (response.status_code, response.json()["code"]) in {(400, "malformed_form"), (422, "invalid_fields")}
        assert response.headers["content-type"] == "application/problem+json"


async def test_a_note_that_is_far_too_long_is_refused_by_name(office: Office) -> None:
    entry = await office.registered()
    answer = await office.upload(entry, notes="a" * 70_000)
    assert (answer.status, answer.body["errors"][0]["field"]) == (422, "notes")


async def test_a_date_alone_means_that_day_where_the_organiser_is(office: Office) -> None:
    entry = await office.registered()
    day = (office.clock() - timedelta(days=2)).date()
    await office.uploaded(entry, payment_date=day.isoformat())
    [shown] = (await office.invoice(entry))["payments"]
    there = datetime.fromisoformat(shown["payment_date"]) + timedelta(hours=7)
    assert (there.date(), there.hour) == (day, 0)


async def test_a_payment_date_a_little_ahead_is_a_wrong_clock_and_far_ahead_a_wrong_date(office: Office) -> None:
    entry = await office.registered()
    ahead = office.clock() + timedelta(minutes=15)
    assert (await office.upload(entry, payment_date=ahead.isoformat())).fields == ["payment_date"]
    tomorrow: date = (office.clock() + timedelta(days=2)).date()
    assert (await office.upload(entry, payment_date=tomorrow.isoformat())).fields == ["payment_date"]
    ages_ago = office.clock() - timedelta(days=400)
    assert (await office.upload(entry, payment_date=ages_ago.isoformat())).fields == ["payment_date"]
    skewed = office.clock() + timedelta(minutes=9)
    await office.uploaded(entry, payment_date=skewed.isoformat())


async def test_somebody_elses_token_sends_no_proof_and_the_body_is_not_even_read(office: Office) -> None:
    entry = await office.registered()
    other = office.issuer.runner(uuid4())
    assert (await office.upload(entry, headers=other, file=pictures.SVG, amount="x")).refused_with(403, "not_yours")
    assert (await office.upload(entry, headers={}, file=pictures.SVG)).refused_with(401, "unauthenticated")
    for role in (Role.CHECKIN, Role.VIEWER):
        assert (await office.upload(entry, headers=office.staff(role))).refused_with(403, "forbidden")


async def test_staff_record_a_proof_for_a_runner_and_everybody_sees_who_did(office: Office) -> None:
    # given
    entry, by_runner = await office.registered(), await office.registered()
    staff_id = uuid4()
    finance = office.issuer.staff(Role.FINANCE, staff_id)
    # when
    payment = await office.uploaded(entry, headers=finance, notes="came by WhatsApp")
    await office.uploaded(by_runner)
    # then
    [mine], [theirs] = (await office.invoice(entry))["payments"], (await office.invoice(by_runner))["payments"]
    assert (mine["submitted_by"], theirs["submitted_by"]) == (f"staff:{staff_id}", "runner")
    assert [each["submitted_by"] for each in await office.review_list()] == [f"staff:{staff_id}", "runner"]
    shown = await office.call("GET", f"/payments/{payment}")
    assert shown.body["submitted_by"] == f"staff:{staff_id}"
    first, second = await office.said(PaymentUploaded)
    assert first.payload.payment_id == payment
    assert first.payload.model_dump().keys() == second.payload.model_dump().keys()
    [note] = await office.rows("SELECT * FROM audit_log WHERE action = 'payment.record_proof'")
    assert (note["actor"], note["subject"]) == (f"staff:{staff_id}", str(payment))
    assert note["details"] == {"registration_id": str(entry.id)}


async def test_a_proof_that_staff_record_follows_the_rules_of_its_runner(office: Office, clock: ManualClock) -> None:
    # given
    admin = office.staff(Role.ADMIN)
    entry, late = await office.registered(), await office.registered(hours=1)
    # then
    assert (await office.upload(office.entry(), headers=admin)).refused_with(404, "invoice_not_found")
    assert (await office.upload(entry, headers=admin, amount="1.00")).refused_with(409, "amount_mismatch")
    assert (await office.upload(entry, headers=admin, file=pictures.PDF)).refused_with(415, "unsupported_image")
    assert (await office.upload(entry, headers=admin)).status == 201
    assert (await office.upload(entry)).refused_with(409, "proof_pending")
    clock.advance(timedelta(hours=2))
    assert (await office.upload(late, headers=admin)).refused_with(409, "invoice_expired")


async def test_an_invoice_whose_deadline_has_passed_does_not_look_open(office: Office) -> None:
    entry = await office.registered(hours=1)
    assert (await office.invoice(entry))["status"] == "open"
    office.clock.advance(timedelta(hours=1))
    assert (await office.invoice(entry))["status"] == "expired"
    waiting, _ = await office.waiting(hours=1)
    office.clock.advance(timedelta(hours=2))
    assert (await office.invoice(waiting))["status"] == "proof_uploaded"
