"""Review of payments: list, show the proof, verify or reject once."""

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
from testkit.harness import ManualClock

from . import payment_pictures as pictures
from .payment_world import Office


def unique_picture(number: int) -> bytes:
    return pictures.encoded(Image.new("RGB", (8, 8), (number, 0, 0)), "PNG")


async def test_verifying_pays_the_invoice_and_tells_registration_in_the_same_commit(office: Office) -> None:
    # given
    entry, payment = await office.waiting()
    judge = uuid4()
    # when
    answer = await office.call("POST", f"/payments/{payment}/verify", headers=office.issuer.staff(Role.FINANCE, judge))
    # then
    assert (answer.status, answer.content) == (204, b"")
    assert (await office.invoice(entry))["status"] == "paid"
    [event] = await office.said(PaymentVerified)
    assert event.subject == entry.id
    assert (event.payload.payment_id, event.payload.amount) == (payment, entry.amount)
    assert event.payload.verified_by == judge
    [note] = await office.rows("SELECT * FROM audit_log")
    assert (note["actor"], note["action"], note["subject"]) == (f"staff:{judge}", "payment.verify", str(payment))


async def test_rejecting_opens_the_invoice_again_with_a_new_deadline_and_keeps_the_history(
    office: Office, clock: ManualClock
) -> None:
    # given
    await office.call("PUT", "/settings", headers=office.staff(Role.ADMIN), json={"payment_deadline_hours": 6})
    entry, first = await office.waiting(hours=1)
    clock.advance(timedelta(hours=30))
    # when
    assert (await office.reject(first, "the date is cut off")).status == 204
    # then
    [event] = await office.said(PaymentRejected)
    assert event.payload.reason == "the date is cut off"
    assert event.payload.expires_at - event.payload.rejected_at == timedelta(hours=6)
    invoice = await office.invoice(entry)
    assert invoice["status"] == "open"
    assert datetime.fromisoformat(invoice["expires_at"]) == event.payload.expires_at
    # and a second proof is taken before the new deadline
    clock.advance(timedelta(hours=5))
    second = await office.uploaded(entry)
    assert (await office.verify(second)).status == 204
    invoice = await office.invoice(entry)
    assert [(each["payment_id"], each["status"], each["rejection_reason"]) for each in invoice["payments"]] == [
        (str(first), "rejected", "the date is cut off"),
        (str(second), "verified", None),
    ]


async def test_the_new_deadline_passes_like_the_first(office: Office, clock: ManualClock) -> None:
    entry, payment = await office.waiting()
    await office.reject(payment)
    clock.advance(timedelta(hours=24, seconds=1))
    assert (await office.upload(entry)).refused_with(409, "invoice_expired")


async def test_a_decision_stands(office: Office) -> None:
    decide = {"verify": office.verify, "reject": office.reject}
    for first, second in product(decide, decide):
        _, payment = await office.waiting()
        assert (await decide[first](payment)).status == 204
        assert (await decide[second](payment)).refused_with(409, "already_decided")
    assert (len(await office.said(PaymentVerified)), len(await office.said(PaymentRejected))) == (2, 2)


async def test_a_payment_that_does_not_exist_cannot_be_decided_shown_or_looked_at(office: Office) -> None:
    nobody = uuid4()
    assert (await office.verify(nobody)).refused_with(404, "unknown_payment")
    assert (await office.reject(nobody)).refused_with(404, "unknown_payment")
    assert (await office.call("GET", f"/payments/{nobody}")).refused_with(404, "unknown_payment")
    assert (await office.call("GET", f"/payments/{nobody}/proof")).refused_with(404, "unknown_payment")
    assert (await office.call("GET", "/payments/nonsense")).refused_with(422, "invalid_fields")


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


async def test_a_rejection_needs_a_sensible_reason(office: Office) -> None:
    _, payment = await office.waiting()
    for body in _WRONG_REASONS:
        answer = await office.call("POST", f"/payments/{payment}/reject", json=body)
        assert answer.refused_with(422, "invalid_fields"), body
    assert (await office.review_list())[0]["status"] == "uploaded"


async def test_the_longest_waiting_comes_first_and_the_decided_come_last(office: Office, clock: ManualClock) -> None:
    # given
    payments = []
    for number in range(4):
        entry = await office.registered()
        payments.append(await office.uploaded(entry, file=unique_picture(number)))
        clock.advance(timedelta(minutes=1))
    await office.verify(payments[0])
    await office.reject(payments[2])
    # when
    listed = await office.review_list()
    # then
    assert [UUID(each["payment_id"]) for each in listed] == [payments[1], payments[3], payments[0], payments[2]]
    ages = [each["age_seconds"] for each in listed]
    assert 180 <= ages[0] < 240
    assert 60 <= ages[1] < 120


async def test_pages_hold_every_payment_once_also_when_one_is_decided_in_between(
    office: Office, clock: ManualClock
) -> None:
    # given
    payments = [str((await office.waiting())[1]) for _ in range(5)]
    await office.verify(UUID(payments[4]))
    # when
    seen, cursor = [], None
    for _ in range(3):
        page = await office.call("GET", "/payments", limit=2, **({"cursor": cursor} if cursor else {}))
        seen += [each["payment_id"] for each in page.body["items"]]
        cursor = page.body["next_cursor"]
    # then
    assert seen == payments
    assert cursor is None


_MADE_UP_CURSORS: list[str] = ["nonsense", "W10", "WzEsMiwzXQ", "é", "WyJhIiwiYiIsImMiXQ", "W2ZhbHNlLC0xLCJ4Il0"]


async def test_a_made_up_cursor_is_refused(office: Office) -> None:
    for cursor in _MADE_UP_CURSORS:
        for path in ("/payments", "/refunds"):
            answer = await office.call("GET", path, cursor=cursor)
            assert answer.refused_with(422, "invalid_fields")
            assert answer.fields == ["cursor"]


_WRONG_FILTERS: list[tuple[dict[str, Any], str]] = [
    ({"status": "lost"}, "status"),
    ({"method": "cash"}, "method"),
    ({"q": "a\0b"}, "q"),
    ({"q": "q" * 101}, "q"),
    ({"limit": "0"}, "limit"),
    ({"limit": "201"}, "limit"),
    ({"limit": "x"}, "limit"),
]


async def test_a_wrong_filter_is_named(office: Office) -> None:
    for wanted, field in _WRONG_FILTERS:
        answer = await office.call("GET", "/payments", **wanted)
        assert answer.refused_with(422, "invalid_fields")
        assert answer.fields == [field]


async def test_the_list_is_narrowed_by_status_method_number_and_payer(office: Office) -> None:
    # given
    siti = await office.registered(payer="Siti 100% Aminah")
    budi = await office.registered(payer="Budi_Santoso")
    by_qris = await office.uploaded(siti, payment_method="qris", file=unique_picture(1))
    by_bank = await office.uploaded(budi, file=unique_picture(2))
    await office.verify(by_bank)

    async def found(**wanted: str) -> set[str]:
        return {each["payment_id"] for each in await office.review_list(**wanted)}

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


async def test_the_same_file_for_two_registrations_is_flagged_on_both_but_not_for_its_own(office: Office) -> None:
    # given
    first, payment = await office.waiting()
    await office.reject(payment)
    again = await office.uploaded(first)
    second = await office.registered()
    copied = await office.uploaded(second)
    other = await office.uploaded(await office.registered(), file=unique_picture(9))
    # when
    duplicates = {UUID(each["payment_id"]): each["duplicate_of"] for each in await office.review_list()}
    # then
    assert duplicates[copied] == {
        "payment_id": str(payment),
        "registration_id": str(first.id),
        "registration_number": first.number,
    }
    assert duplicates[again]["payment_id"] == str(copied)
    assert duplicates[other] is None


async def test_an_image_reaches_only_reviewers_and_as_a_file_that_no_browser_runs(office: Office) -> None:
    entry = await office.registered()
    payment = await office.uploaded(entry, file=pictures.png())
    answer = await office.call("GET", f"/payments/{payment}/proof")
    assert answer.status == 200
    assert Image.open(BytesIO(answer.content)).size == (40, 60)
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"] == f'attachment; filename="proof-{payment}.png"'
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "private, no-store"
    assert "sandbox" in answer.headers["content-security-policy"]


async def test_an_image_that_is_gone_is_said_to_be_gone(office: Office) -> None:
    _, payment = await office.waiting()
    office.stored()[0].unlink()
    assert (await office.call("GET", f"/payments/{payment}/proof")).refused_with(404, "image_missing")


async def test_one_payment_shows_what_the_list_shows_and_no_path(office: Office) -> None:
    entry, payment = await office.waiting()
    await office.hear(entry.cancelled())
    shown = (await office.call("GET", f"/payments/{payment}")).body
    assert shown == (await office.review_list())[0] | {"age_seconds": shown["age_seconds"]}
    assert shown["registration_ended"] == "cancelled"
    assert shown["payer_name"] == "Budi Santoso"
    assert not [name for name in shown if "path" in name or "sha" in name]


async def test_the_review_list_reads_its_index_and_sorts_nothing(office: Office, clock: ManualClock) -> None:
    # given
    await _thousands_of_payments(office)
    middle = Position(group=False, at=clock(), id=uuid4())
    for wanted in (PaymentFilter(), PaymentFilter(status=PaymentStatus.UPLOADED)):
        for after in (None, middle):
            # when
            query = page(wanted, limit=50, after=after).compile(
                dialect=office.database.engine.dialect, compile_kwargs={"literal_binds": True}
            )
            plan = "\n".join(str(row["QUERY PLAN"]) for row in await office.rows(f"EXPLAIN {query}"))
            # then
            assert "ix_payments_desk" in plan, plan
            assert "Seq Scan" not in plan, plan
            assert "Sort" not in plan.partition("SubPlan")[0].partition("->  Limit")[0], plan


async def _thousands_of_payments(office: Office) -> None:
    await office.execute(
        "INSERT INTO invoices (registration_id, registration_number, payer_name, amount, currency, status, expires_at,"
        " revision, created_at, updated_at) SELECT gen_random_uuid(), 'FR-' || n, 'Somebody', 1, 'IDR',"
        " 'proof_uploaded', now(), 1, now(), now() FROM generate_series(1, 4000) n"
    )
    await office.execute(
        "INSERT INTO payments (id, registration_id, status, amount, currency, payment_method, payment_date,"
        " payment_proof_path, proof_content_type, proof_sha256, uploaded_at) SELECT gen_random_uuid(), registration_id,"
        " 'uploaded', 1, 'IDR', 'qris', now(), registration_number, 'image/png', md5(registration_number), now()"
        " - random() * interval '1 day' FROM invoices"
    )
    await office.execute("ANALYZE invoices, payments")
