"""Warnings about a proof on the review desk, each with what it refers to, and none for what is ordinary."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from payment.proofs.missing import fingerprint_waiting, hash_fingerprints
from PIL import ImageEnhance

from .payment_driver import PaymentDriver
from .payment_events import Entry
from .payment_pictures import encoded, receipt


def proof(number: str, reference: str = "2026112610410712345", **options: Any) -> bytes:
    return encoded(receipt(number, reference, qris=True), "JPEG", **options)


async def submit(driver: PaymentDriver, file: bytes, **form: Any) -> tuple[Entry, UUID]:
    entry = await driver.register()
    return entry, await driver.upload_proof(entry, file=file, **form)


async def flags(driver: PaymentDriver, payment: UUID) -> list[dict[str, Any]]:
    """Return the warnings about a payment, without the members that are null."""
    staff = driver.finance
    item = await driver.lease(staff)
    while item["payment"]["payment_id"] != str(payment):
        item = await driver.lease(staff, after=item["payment"]["payment_id"])
    (await driver.call("POST", f"/review/{payment}/release", by=staff)).require(204)
    return [{name: value for name, value in flag.items() if value is not None} for flag in item["flags"]]


async def codes(driver: PaymentDriver, payment: UUID) -> list[str]:
    return [flag["code"] for flag in await flags(driver, payment)]


async def test_the_same_picture_for_another_registration_is_named_on_both_also_as_a_smaller_copy(
    driver: PaymentDriver,
) -> None:
    # given
    first, original = await submit(driver, proof("FR5K-00042", quality=90))
    _, same_file = await submit(driver, proof("FR5K-00042", quality=90))
    small = encoded(receipt("FR5K-00042", "2026112610410712345", qris=True).resize((540, 1170)), "PNG")
    third, copy = await submit(driver, small)
    # when
    of_copy, of_original = await flags(driver, copy), await flags(driver, original)
    # then
    assert [flag["code"] for flag in of_copy] == ["same_picture"] * 2
    assert [flag["other"]["payment_id"] for flag in of_copy] == [str(original), str(same_file)]
    assert of_copy[0]["other"]["registration_number"] == first.number
    assert {flag["other"]["payment_id"] for flag in of_original} == {str(same_file), str(copy)}
    assert third.number in {flag["other"]["registration_number"] for flag in of_original}


async def test_receipts_of_the_same_bank_with_the_same_code_warn_of_nothing(driver: PaymentDriver) -> None:
    payments = [
        (await submit(driver, proof(f"FR5K-{number:05d}", f"20261126104107{number:05d}")))[1] for number in range(6)
    ]
    looks = await driver.rows("SELECT DISTINCT dhash FROM proof_fingerprints")
    assert len(looks) < len(payments), "they look alike"
    assert [await codes(driver, payment) for payment in payments] == [[]] * len(payments)


async def test_a_runner_who_sends_the_same_picture_again_is_not_warned_of(driver: PaymentDriver) -> None:
    entry, payment = await submit(driver, proof("FR5K-00042"), notes="BCA 12345678")
    await driver.reject(payment)
    again = await driver.upload_proof(entry, file=proof("FR5K-00042"), notes="BCA 12345678")
    assert await codes(driver, again) == []


async def test_the_same_reference_in_other_words_is_named(driver: PaymentDriver) -> None:
    first, original = await submit(driver, proof("FR5K-1"), notes="Ref. BCA-1234 5678")
    _, second = await submit(driver, proof("FR5K-2"), notes="ref bca 12345678")
    _, third = await submit(driver, proof("FR5K-3"), notes="sudah lunas")
    _, fourth = await submit(driver, proof("FR5K-4"), notes="sudah lunas")
    [flag] = await flags(driver, second)
    assert (flag["code"], flag["other"]["payment_id"]) == ("same_reference", str(original))
    assert flag["other"]["registration_number"] == first.number
    assert await codes(driver, third) == await codes(driver, fourth) == []


async def test_what_does_not_fit_the_invoice_is_named_with_what_would(
    driver: PaymentDriver,
) -> None:
    # given
    entry, payment = await submit(driver, proof("FR5K-1"))
    assert await flags(driver, payment) == []
    deadline = entry.expires_at
    await driver.execute("UPDATE invoices SET amount = 175000")
    await driver.execute("UPDATE payments SET payment_date = due_at + interval '1 hour'")
    await driver.deliver(entry.cancelled())
    # when
    found = {flag.pop("code"): flag for flag in await flags(driver, payment)}
    # then
    assert found["amount_differs"] == {"expected": "175000.00"}
    assert found["late"] == {
        "deadline": deadline.isoformat().replace("+00:00", "Z"),
        "paid_at": (deadline + timedelta(hours=1)).isoformat().replace("+00:00", "Z"),
    }
    assert found["registration_ended"] == {"ended": "cancelled"}
    assert len(found) == 3


async def test_a_second_payment_of_a_paid_registration_is_named(driver: PaymentDriver) -> None:
    entry, first = await driver.register_and_upload()
    second = await driver.insert_second_payment(first)
    await driver.verify(first)
    [flag] = await flags(driver, second)
    assert (flag["code"], flag["other"]["payment_id"]) == ("paid_already", str(first))
    assert flag["other"]["registration_number"] == entry.number


async def test_proofs_without_a_fingerprint_get_one_from_the_worker(driver: PaymentDriver) -> None:
    # given a release that stored none, and an image that is gone
    _, original = await submit(driver, proof("FR5K-00042", quality=90))
    _, copy = await submit(driver, proof("FR5K-00042", quality=60))
    _, lost = await submit(driver, proof("FR5K-00099"))
    path = await driver.scalar("SELECT payment_proof_path FROM payments WHERE id = :id", id=lost)
    (driver.folder / path).unlink()
    await driver.execute("DELETE FROM proof_fingerprints")
    assert await codes(driver, copy) == []
    # when
    assert await fingerprint_waiting(driver.database, driver.images) == 3
    # then
    assert await fingerprint_waiting(driver.database, driver.images) == 0
    [flag] = await flags(driver, copy)
    assert flag["other"]["payment_id"] == str(original)


def retoned(number: str) -> bytes:
    """Return the receipt of a number as an editor makes it brighter."""
    return encoded(ImageEnhance.Brightness(receipt(number, "2026112610410712345", qris=True)).enhance(0.8), "JPEG")


async def test_the_same_picture_in_other_brightness_is_named_once_the_worker_has_its_hash(
    driver: PaymentDriver,
) -> None:
    # given
    first, original = await submit(driver, proof("FR5K-00042", quality=90))
    _, paler = await submit(driver, retoned("FR5K-00042"))
    _, another = await submit(driver, proof("FR5K-00043", quality=90))
    assert await codes(driver, paler) == []
    # when
    assert await hash_fingerprints(driver.database) == 3
    assert await hash_fingerprints(driver.database) == 0
    # then
    [flag] = await flags(driver, paler)
    assert (flag["code"], flag["other"]["payment_id"]) == ("looks_like", str(original))
    assert flag["other"]["registration_number"] == first.number
    assert await codes(driver, another) == []


async def test_what_was_sent_months_ago_is_not_compared(driver: PaymentDriver) -> None:
    await submit(driver, proof("FR5K-00042", quality=90))
    await driver.execute("UPDATE proof_fingerprints SET seen_at = now() - interval '91 days'")
    _, paler = await submit(driver, retoned("FR5K-00042"))
    await hash_fingerprints(driver.database)
    assert await codes(driver, paler) == []
