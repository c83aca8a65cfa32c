"""Payment takes a proof once, in time and for the right amount."""

from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from chassis.auth.principals import Role
from contracts import PaymentMethod, PaymentUploaded
from payment.limits import MAX_FILE_BYTES
from payment.proofs.forms import FORM_BYTES
from testkit.clocks import ManualClock
from testkit.driver import Answer

from . import payment_pictures as pictures
from .payment_driver import PaymentDriver
from .payment_events import Entry


async def test_a_proof_in_time_for_the_right_amount_is_stored_and_published(driver: PaymentDriver) -> None:
    # given
    entry = await driver.register()
    # when
    answer = await driver.try_upload_proof(entry, payment_method="qris", notes="from my wife's account")
    # then
    body = answer.require(201)
    payment_id = UUID(body["payment_id"])
    assert body == {"payment_id": str(payment_id), "status": "uploaded"}
    [event] = await driver.published(PaymentUploaded)
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
    invoice = await driver.invoice(entry)
    assert invoice["status"] == "proof_uploaded"
    [shown] = invoice["payments"]
    assert shown["payment_id"] == str(payment_id)
    assert (shown["status"], shown["amount"], shown["notes"]) == ("uploaded", "150000.00", "from my wife's account")


async def test_the_stored_image_has_a_random_name_and_nothing_of_the_file_that_was_sent(driver: PaymentDriver) -> None:
    entry = await driver.register()
    await driver.upload_proof(entry, file=pictures.jpeg_from_a_phone() + pictures.ZIP)
    [stored] = driver.stored_images()
    assert len(UUID(stored.stem).hex) == 32
    assert stored.parent.name == "proofs"
    data = stored.read_bytes()
    assert b"Phone" not in data
    assert b"PK\x03\x04" not in data


async def test_an_invoice_shows_what_is_owed_until_when(driver: PaymentDriver) -> None:
    entry = await driver.register()
    assert await driver.invoice(entry) == {
        "registration_id": str(entry.id),
        "registration_number": entry.number,
        "amount": "150000.00",
        "payable_amount": None,
        "usdt_asked": False,
        "has_charges": False,
        "currency": "IDR",
        "status": "open",
        "expires_at": entry.expires_at.isoformat().replace("+00:00", "Z"),
        "payments": [],
        "refunds": [],
    }


async def test_before_the_registration_event_there_is_no_invoice(driver: PaymentDriver) -> None:
    entry = driver.new_entry()
    answer = await driver.call("GET", f"/invoices/{entry.id}", by=driver.runner(entry.id))
    assert answer.is_problem(404, "invoice_not_found")
    assert "not yet" in answer.body["detail"]
    assert (await driver.try_upload_proof(entry)).is_problem(404, "invoice_not_found")


async def test_another_amount_than_the_invoice_is_refused_and_the_right_one_is_named(driver: PaymentDriver) -> None:
    entry = await driver.register()
    for amount in ("149999.99", "150000.01", "1.00", "9999999999.99"):
        answer = await driver.try_upload_proof(entry, amount=amount)
        assert answer.is_problem(409, "amount_mismatch")
        assert (answer.body["expected"], answer.body["currency"]) == ("150000.00", "IDR")
        assert "Rp 150,000" in answer.body["detail"]


async def test_the_same_amount_may_be_written_without_decimals(driver: PaymentDriver) -> None:
    for amount in ("150000", "150000.00"):
        await driver.upload_proof(await driver.register(), amount=amount)


async def test_a_proof_up_to_the_last_moment_is_taken_and_after_it_refused(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    # given
    punctual, late = await driver.register(hours=1), await driver.register(hours=1)
    # when
    clock.advance(timedelta(minutes=59))
    await driver.upload_proof(punctual)
    clock.advance(timedelta(minutes=1, seconds=1))
    # then
    assert (await driver.try_upload_proof(late)).is_problem(409, "invoice_expired")


async def test_a_second_proof_is_refused_while_the_first_waits_and_when_it_was_verified(driver: PaymentDriver) -> None:
    entry, payment = await driver.register_and_upload()
    assert (await driver.try_upload_proof(entry)).is_problem(409, "proof_pending")
    await driver.verify(payment)
    assert (await driver.try_upload_proof(entry)).is_problem(409, "already_paid")


async def test_a_cancelled_or_expired_registration_takes_no_proof(driver: PaymentDriver) -> None:
    cancelled, expired = await driver.register(), await driver.register()
    await driver.deliver(cancelled.cancelled())
    await driver.deliver(expired.expired())
    assert (await driver.try_upload_proof(cancelled)).is_problem(409, "invoice_cancelled")
    assert (await driver.try_upload_proof(expired)).is_problem(409, "invoice_expired")


async def test_two_megabytes_are_taken_and_one_byte_more_is_not(driver: PaymentDriver) -> None:
    entry = await driver.register()
    refused = await driver.try_upload_proof(entry, file=pictures.jpeg_of_size(MAX_FILE_BYTES + 1))
    assert refused.is_problem(413, "payload_too_large")
    assert refused.body["limit"] == 2 * 1024 * 1024
    assert driver.stored_images() == []
    await driver.upload_proof(entry, file=pictures.jpeg_of_size(MAX_FILE_BYTES))


async def post_form(driver: PaymentDriver, entry: Entry, *, content_type: str | None = None, **body: Any) -> Answer:
    """Send a form as it is, by the registration's runner."""
    headers = {"Content-Type": content_type} if content_type else {}
    path, runner = f"/invoices/{entry.id}/proofs", driver.runner(entry.id)
    return await driver.call("POST", path, by=runner, headers=headers, **body)


async def test_a_much_larger_body_is_stopped_while_it_streams_in(driver: PaymentDriver) -> None:
    # given
    entry = await driver.register()
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
        while sent < 50 * MAX_FILE_BYTES:
            sent += 64 * 1024
            yield b"\xff" * 64 * 1024

    # when
    answer = await post_form(driver, entry, content_type="multipart/form-data; boundary=x", content=endless())
    # then
    assert answer.is_problem(413, "payload_too_large")
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


async def test_a_file_that_is_no_accepted_image_is_refused(driver: PaymentDriver) -> None:
    entry = await driver.register()
    for file in _NO_IMAGES:
        assert (await driver.try_upload_proof(entry, file=file)).is_problem(415, "unsupported_image")
    assert driver.stored_images() == []
    assert (await driver.invoice(entry))["status"] == "open"


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


async def test_a_wrong_field_is_named(driver: PaymentDriver) -> None:
    entry = await driver.register()
    for form, field in _WRONG_FIELDS:
        answer = await driver.try_upload_proof(entry, **form)
        assert answer.is_problem(422, "invalid_fields"), form
        assert answer.wrong_fields == [field], form
    assert driver.stored_images() == []


async def test_notes_may_be_left_blank_and_may_be_long(driver: PaymentDriver) -> None:
    blank, long = await driver.register(), await driver.register()
    await driver.upload_proof(blank, notes="  ")
    await driver.upload_proof(long, notes="é" * 2000)
    assert (await driver.invoice(blank))["payments"][0]["notes"] is None
    assert (await driver.invoice(long))["payments"][0]["notes"] == "é" * 2000


async def test_a_form_without_a_file_or_with_the_wrong_shape_is_refused(driver: PaymentDriver) -> None:
    entry = await driver.register()
    fields = {"payment_method": "qris", "amount": "150000.00", "payment_date": "2026-11-01"}
    two = [("file", ("a.jpg", pictures.jpeg())), ("file", ("b.jpg", pictures.jpeg()))]
    bodies: tuple[dict[str, Any], ...] = (
        {"data": {**fields, "file": "no file"}},
        {"data": fields},
        {"json": fields},
        {"files": {"proof": ("a.jpg", pictures.jpeg())}, "data": fields},
        {"files": two, "data": fields},
    )
    for body in bodies:
        answer = await post_form(driver, entry, **body)
        assert (answer.status, answer.wrong_fields[0]) == (422, "file"), answer.body


_BROKEN_FORMS: list[tuple[str, bytes]] = [
    ("multipart/form-data", b"--x\r\n"),
    ("multipart/form-data; boundary=x", b"nothing like it"),
    ("multipart/form-data; boundary=x", b"--x\r\nContent-Disposition: form-data\r\n\r\nnameless\r\n--x--\r\n"),
    (
        "multipart/form-data; boundary=x; charset=utf-16",
        b'--x\r\nContent-Disposition: form-data; name="\xff"\r\n\r\n\r\n--x--\r\n',
    ),
]


async def test_a_broken_form_is_refused(driver: PaymentDriver) -> None:
    entry = await driver.register()
    for content_type, body in _BROKEN_FORMS:
        answer = await post_form(driver, entry, content_type=content_type, content=body)
        assert answer.is_problem(400, "malformed_form") or answer.is_problem(422, "invalid_fields"), answer.body


async def test_a_note_that_is_far_too_long_is_refused_by_name(driver: PaymentDriver) -> None:
    entry = await driver.register()
    answer = await driver.try_upload_proof(entry, notes="a" * 70_000)
    assert (answer.status, answer.wrong_fields[0]) == (422, "notes")


async def test_a_date_alone_is_read_in_the_organisers_time_zone(driver: PaymentDriver) -> None:
    entry = await driver.register()
    day = (driver.clock() - timedelta(days=2)).date()
    await driver.upload_proof(entry, payment_date=day.isoformat())
    [shown] = (await driver.invoice(entry))["payments"]
    there = datetime.fromisoformat(shown["payment_date"]) + timedelta(hours=7)
    assert (there.date(), there.hour) == (day, 0)


async def test_a_payment_date_minutes_ahead_is_accepted_and_further_ahead_refused(driver: PaymentDriver) -> None:
    entry = await driver.register()
    ahead = driver.clock() + timedelta(minutes=15)
    assert (await driver.try_upload_proof(entry, payment_date=ahead.isoformat())).wrong_fields == ["payment_date"]
    tomorrow: date = (driver.clock() + timedelta(days=2)).date()
    assert (await driver.try_upload_proof(entry, payment_date=tomorrow.isoformat())).wrong_fields == ["payment_date"]
    ages_ago = driver.clock() - timedelta(days=400)
    assert (await driver.try_upload_proof(entry, payment_date=ages_ago.isoformat())).wrong_fields == ["payment_date"]
    skewed = driver.clock() + timedelta(minutes=9)
    await driver.upload_proof(entry, payment_date=skewed.isoformat())


async def test_a_proof_of_another_caller_is_refused_before_its_fields_and_image(driver: PaymentDriver) -> None:
    entry = await driver.register()
    other = driver.runner(uuid4())
    assert (await driver.try_upload_proof(entry, by=other, file=pictures.SVG, amount="x")).is_problem(403, "not_yours")
    assert (await driver.try_upload_proof(entry, by={}, file=pictures.SVG)).is_problem(401, "unauthenticated")
    for role in (Role.CHECKIN, Role.VIEWER):
        assert (await driver.try_upload_proof(entry, by=driver.staff(role))).is_problem(403, "forbidden")


async def test_a_proof_recorded_by_staff_shows_who_recorded_it(driver: PaymentDriver) -> None:
    # given
    entry, by_runner = await driver.register(), await driver.register()
    staff_id = uuid4()
    finance = driver.issuer.staff(Role.FINANCE, staff_id)
    # when
    payment = await driver.upload_proof(entry, by=finance, notes="came by WhatsApp")
    await driver.upload_proof(by_runner)
    # then
    [mine], [theirs] = (await driver.invoice(entry))["payments"], (await driver.invoice(by_runner))["payments"]
    assert (mine["submitted_by"], theirs["submitted_by"]) == (f"staff:{staff_id}", "runner")
    assert [each["submitted_by"] for each in await driver.review_list()] == [f"staff:{staff_id}", "runner"]
    shown = await driver.call("GET", f"/payments/{payment}", by=driver.finance)
    assert shown.body["submitted_by"] == f"staff:{staff_id}"
    first, second = await driver.published(PaymentUploaded)
    assert first.payload.payment_id == payment
    assert first.payload.model_dump().keys() == second.payload.model_dump().keys()
    [note] = await driver.audit_log("payment.record_proof")
    assert (note["actor"], note["subject"]) == (f"staff:{staff_id}", str(payment))
    assert note["details"]["registration_id"] == str(entry.id)
    assert note["details"]["after"] == {"status": "uploaded", "amount": f"{entry.amount:.2f}"}


async def test_a_proof_that_staff_record_follows_the_rules_of_its_runner(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    # given
    admin = driver.staff(Role.ADMIN)
    entry, late = await driver.register(), await driver.register(hours=1)
    # then
    assert (await driver.try_upload_proof(driver.new_entry(), by=admin)).is_problem(404, "invoice_not_found")
    assert (await driver.try_upload_proof(entry, by=admin, amount="1.00")).is_problem(409, "amount_mismatch")
    assert (await driver.try_upload_proof(entry, by=admin, file=pictures.PDF)).is_problem(415, "unsupported_image")
    await driver.upload_proof(entry, by=admin)
    assert (await driver.try_upload_proof(entry)).is_problem(409, "proof_pending")
    clock.advance(timedelta(hours=2))
    assert (await driver.try_upload_proof(late, by=admin)).is_problem(409, "invoice_expired")


async def test_an_invoice_whose_deadline_has_passed_is_shown_as_expired(driver: PaymentDriver) -> None:
    entry = await driver.register(hours=1)
    assert (await driver.invoice(entry))["status"] == "open"
    driver.clock.advance(timedelta(hours=1))
    assert (await driver.invoice(entry))["status"] == "expired"
    waiting, _ = await driver.register_and_upload(hours=1)
    driver.clock.advance(timedelta(hours=2))
    assert (await driver.invoice(waiting))["status"] == "proof_uploaded"
