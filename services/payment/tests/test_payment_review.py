"""Review of payments: list, show the proof, verify or reject once."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from io import BytesIO
from itertools import product
from typing import Any
from uuid import UUID, uuid4

from chassis.auth.principals import Role
from contracts import PaymentRejected, PaymentVerified
from payment.paging import Position
from payment.proofs.rules import PaymentStatus
from payment.review.queries import PaymentFilter, page
from PIL import Image
from testkit.clocks import ManualClock
from testkit.driver import Answer

from . import payment_pictures as pictures
from .payment_driver import PaymentDriver


def unique_picture(number: int) -> bytes:
    return pictures.encoded(Image.new("RGB", (8, 8), (number, 0, 0)), "PNG")


async def test_verifying_pays_the_invoice_and_publishes_the_verification(driver: PaymentDriver) -> None:
    # given
    entry, payment = await driver.register_and_upload()
    reviewer = uuid4()
    # when
    answer = await driver.try_verify(payment, by=driver.issuer.staff(Role.FINANCE, reviewer))
    # then
    assert (answer.status, answer.content) == (204, b"")
    assert (await driver.invoice(entry))["status"] == "paid"
    [event] = await driver.published(PaymentVerified)
    assert event.subject == entry.id
    assert (event.payload.payment_id, event.payload.amount) == (payment, entry.amount)
    assert event.payload.verified_by == reviewer
    [note] = await driver.audit_log()
    assert (note["actor"], note["action"], note["subject"]) == (f"staff:{reviewer}", "payment.verify", str(payment))
    details = note["details"]
    assert (details["before"], details["after"]) == ({"status": "uploaded"}, {"status": "verified"})
    assert details["amount"] == f"{entry.amount:.2f}"


async def test_rejecting_opens_the_invoice_again_with_a_new_deadline_and_keeps_the_history(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    # given
    await driver.change_settings(payment_deadline_hours=6)
    entry, first = await driver.register_and_upload(hours=1)
    clock.advance(timedelta(hours=30))
    # when
    await driver.reject(first, "the date is cut off")
    # then
    [event] = await driver.published(PaymentRejected)
    assert event.payload.reason == "the date is cut off"
    assert event.payload.expires_at - event.payload.rejected_at == timedelta(hours=6)
    invoice = await driver.invoice(entry)
    assert invoice["status"] == "open"
    assert datetime.fromisoformat(invoice["expires_at"]) == event.payload.expires_at
    # and a second proof is taken before the new deadline
    clock.advance(timedelta(hours=5))
    second = await driver.upload_proof(entry)
    await driver.verify(second)
    invoice = await driver.invoice(entry)
    assert [(each["payment_id"], each["status"], each["rejection_reason"]) for each in invoice["payments"]] == [
        (str(first), "rejected", "the date is cut off"),
        (str(second), "verified", None),
    ]


async def test_a_proof_after_the_new_deadline_is_refused(driver: PaymentDriver, clock: ManualClock) -> None:
    entry, payment = await driver.register_and_upload()
    await driver.reject(payment)
    clock.advance(timedelta(hours=24, seconds=1))
    assert (await driver.try_upload_proof(entry)).is_problem(409, "invoice_expired")


async def test_a_decision_is_final(driver: PaymentDriver) -> None:
    decisions: tuple[Callable[[UUID], Awaitable[Answer]], ...] = (driver.try_verify, driver.try_reject)
    for first, second in product(decisions, decisions):
        _, payment = await driver.register_and_upload()
        assert (await first(payment)).status == 204
        assert (await second(payment)).is_problem(409, "already_decided")
    assert (len(await driver.published(PaymentVerified)), len(await driver.published(PaymentRejected))) == (2, 2)


async def test_an_unknown_payment_is_not_found(driver: PaymentDriver) -> None:
    unknown = uuid4()
    assert (await driver.try_verify(unknown)).is_problem(404, "unknown_payment")
    assert (await driver.try_reject(unknown)).is_problem(404, "unknown_payment")
    assert (await driver.call("GET", f"/payments/{unknown}", by=driver.finance)).is_problem(404, "unknown_payment")
    assert (await driver.show_proof(unknown)).is_problem(404, "unknown_payment")
    assert (await driver.call("GET", "/payments/nonsense", by=driver.finance)).is_problem(422, "invalid_fields")


_WRONG_REASONS: list[object] = [
    {},
    {"reason": ""},
    {"reason": " "},
    {"reason": "a\0b"},
    {"reason": "r" * 1001},
    {"reason": 7},
    {"reason": "x", "by": "me"},
    None,
    [],
]


async def test_an_invalid_reason_of_a_rejection_is_refused(driver: PaymentDriver) -> None:
    _, payment = await driver.register_and_upload()
    for body in _WRONG_REASONS:
        answer = await driver.call("POST", f"/payments/{payment}/reject", by=driver.finance, json=body)
        assert answer.is_problem(422, "invalid_fields"), body
    assert (await driver.review_list())[0]["status"] == "uploaded"


async def test_the_longest_waiting_comes_first_and_the_decided_come_last(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    # given
    payments = []
    for number in range(4):
        entry = await driver.register()
        payments.append(await driver.upload_proof(entry, file=unique_picture(number)))
        clock.advance(timedelta(minutes=1))
    await driver.verify(payments[0])
    await driver.reject(payments[2])
    # when
    listed = await driver.review_list()
    # then
    assert [UUID(each["payment_id"]) for each in listed] == [payments[1], payments[3], payments[0], payments[2]]
    ages = [each["age_seconds"] for each in listed]
    assert 180 <= ages[0] < 240
    assert 60 <= ages[1] < 120


async def test_pages_hold_every_payment_once_also_when_one_is_decided_in_between(
    driver: PaymentDriver, clock: ManualClock
) -> None:
    # given
    payments = [str((await driver.register_and_upload())[1]) for _ in range(5)]
    await driver.verify(UUID(payments[4]))
    # when
    seen: list[str] = []
    after: dict[str, Any] = {"limit": 2}
    for _ in range(3):
        listed = (await driver.call("GET", "/payments", by=driver.finance, params=after)).require(200)
        seen += [each["payment_id"] for each in listed["items"]]
        after["cursor"] = listed["next_cursor"]
    # then
    assert seen == payments
    assert after["cursor"] is None


_INVALID_CURSORS: list[str] = ["nonsense", "W10", "WzEsMiwzXQ", "é", "WyJhIiwiYiIsImMiXQ", "W2ZhbHNlLC0xLCJ4Il0"]


async def test_an_invalid_cursor_is_refused(driver: PaymentDriver) -> None:
    for cursor in _INVALID_CURSORS:
        for path in ("/payments", "/refunds"):
            answer = await driver.call("GET", path, by=driver.finance, params={"cursor": cursor})
            assert answer.is_problem(422, "invalid_fields")
            assert answer.wrong_fields == ["cursor"]


_WRONG_FILTERS: list[tuple[dict[str, Any], str]] = [
    ({"status": "lost"}, "status"),
    ({"method": "cash"}, "method"),
    ({"q": "a\0b"}, "q"),
    ({"q": "q" * 101}, "q"),
    ({"limit": "0"}, "limit"),
    ({"limit": "201"}, "limit"),
    ({"limit": "x"}, "limit"),
    ({"from": "2027-01-01"}, "from"),
    ({"to": "yesterday"}, "to"),
]


async def test_a_wrong_filter_is_named(driver: PaymentDriver) -> None:
    for wanted, field in _WRONG_FILTERS:
        answer = await driver.call("GET", "/payments", by=driver.finance, params=wanted)
        assert answer.is_problem(422, "invalid_fields")
        assert answer.wrong_fields == [field]


async def test_the_list_is_filtered_by_status_method_number_and_payer(driver: PaymentDriver) -> None:
    # given
    siti = await driver.register(payer="Siti 100% Aminah")
    budi = await driver.register(payer="Budi_Santoso")
    by_qris = await driver.upload_proof(siti, payment_method="qris", file=unique_picture(1))
    by_bank = await driver.upload_proof(budi, file=unique_picture(2))
    await driver.verify(by_bank)

    async def found(**wanted: str) -> set[str]:
        return {each["payment_id"] for each in await driver.review_list(**wanted)}

    # then
    assert await found(status="uploaded") == {str(by_qris)}
    assert await found(status="verified") == {str(by_bank)}
    assert await found(status="rejected") == set()
    assert await found(method="qris") == {str(by_qris)}
    assert await found(method="bank_transfer", status="uploaded") == set()
    assert await found(q=budi.number.lower()) == {str(by_bank)}
    assert await found(q="AMINAH") == {str(by_qris)}
    assert await found(q="100%") == {str(by_qris)}
    assert await found(q="_") == {str(by_bank)}
    assert await found(q="") == {str(by_qris), str(by_bank)}


async def test_the_list_is_filtered_by_the_time_of_arrival(driver: PaymentDriver, clock: ManualClock) -> None:
    # given
    payments, times = [], []
    for number in range(3):
        entry = await driver.register()
        times.append(clock().isoformat())
        payments.append(str(await driver.upload_proof(entry, file=unique_picture(number))))
        clock.advance(timedelta(hours=1))
    await driver.verify(UUID(payments[0]))

    async def found(**wanted: str) -> list[str]:
        return [each["payment_id"] for each in await driver.review_list(**wanted)]

    # then
    assert await found(to=times[2]) == [payments[1], payments[0]], "the end is not included"
    assert await found(**{"from": times[1]}) == payments[1:]
    assert await found(**{"from": times[0], "to": times[1]}) == [payments[0]]
    assert await found(**{"from": times[0], "to": times[2]}, status="verified") == [payments[0]]


async def test_the_same_file_for_two_registrations_is_flagged_on_both_but_not_for_its_own(
    driver: PaymentDriver,
) -> None:
    # given
    first, payment = await driver.register_and_upload()
    await driver.reject(payment)
    again = await driver.upload_proof(first)
    second = await driver.register()
    copied = await driver.upload_proof(second)
    other = await driver.upload_proof(await driver.register(), file=unique_picture(9))
    # when
    duplicates = {UUID(each["payment_id"]): each["duplicate_of"] for each in await driver.review_list()}
    # then
    assert duplicates[copied] == {
        "payment_id": str(payment),
        "registration_id": str(first.id),
        "registration_number": first.number,
    }
    assert duplicates[again]["payment_id"] == str(copied)
    assert duplicates[other] is None


async def test_an_image_is_served_as_an_attachment_that_no_browser_runs(driver: PaymentDriver) -> None:
    entry = await driver.register()
    payment = await driver.upload_proof(entry, file=pictures.png())
    answer = await driver.show_proof(payment)
    answer.require(200)
    assert Image.open(BytesIO(answer.content)).size == (40, 60)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == f'attachment; filename="proof-{payment}.png"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-store"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_a_missing_image_is_a_404_of_its_own(driver: PaymentDriver) -> None:
    _, payment = await driver.register_and_upload()
    driver.stored_images()[0].unlink()
    assert (await driver.show_proof(payment)).is_problem(404, "image_missing")


async def test_one_payment_shows_what_the_list_shows_and_no_path(driver: PaymentDriver) -> None:
    entry, payment = await driver.register_and_upload()
    await driver.deliver(entry.cancelled())
    shown = (await driver.call("GET", f"/payments/{payment}", by=driver.finance)).require(200)
    assert shown == (await driver.review_list())[0] | {"age_seconds": shown["age_seconds"]}
    assert shown["registration_ended"] == "cancelled"
    assert shown["payer_name"] == "Budi Santoso"
    assert not [name for name in shown if "path" in name or "sha" in name]


async def test_the_review_list_reads_its_index_and_sorts_nothing(driver: PaymentDriver, clock: ManualClock) -> None:
    # given
    await _thousands_of_payments(driver)
    middle = Position(group=False, at=clock(), id=uuid4())
    recent = PaymentFilter(status=PaymentStatus.VERIFIED, since=clock(), until=clock() + timedelta(days=1))
    of_race = PaymentFilter(event_id=uuid4())
    for wanted in (PaymentFilter(), PaymentFilter(status=PaymentStatus.UPLOADED), recent, of_race):
        for after in (None, middle):
            # when
            query = page(wanted, limit=50, after=after).compile(
                dialect=driver.database.engine.dialect, compile_kwargs={"literal_binds": True}
            )
            plan = "\n".join(str(row["QUERY PLAN"]) for row in await driver.rows(f"EXPLAIN {query}"))
            # then
            assert "ix_payments_desk" in plan, plan
            assert "Seq Scan" not in plan, plan
            assert "Sort" not in plan.partition("SubPlan")[0].partition("->  Limit")[0], plan


async def _thousands_of_payments(driver: PaymentDriver) -> None:
    await driver.execute(
        "INSERT INTO invoices (registration_id, registration_number, payer_name, amount, currency, status, expires_at,"
        " revision, created_at, updated_at) SELECT gen_random_uuid(), 'FR-' || n, 'Somebody', 1, 'IDR',"
        " 'proof_uploaded', now(), 1, now(), now() FROM generate_series(1, 4000) n"
    )
    await driver.execute(
        "INSERT INTO payments (id, registration_id, status, amount, currency, payment_method, payment_date,"
        " payment_proof_path, proof_content_type, proof_sha256, uploaded_at) SELECT gen_random_uuid(), registration_id,"
        " 'uploaded', 1, 'IDR', 'qris', now(), registration_number, 'image/png', md5(registration_number), now()"
        " - random() * interval '1 day' FROM invoices"
    )
    await driver.execute("ANALYZE invoices, payments")
