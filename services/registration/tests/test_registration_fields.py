"""Bad input: a clear 4xx that names the field, and nothing stored."""

import json
from typing import Any

import pytest

from .registration_driver import RegistrationDriver

_PARTICIPANT_ERRORS: list[tuple[str, Any]] = [
    ("full_name", ""),
    ("full_name", "x" * 256),
    ("full_name", "Bu\x00di"),
    ("full_name", "\u0958" * 255),
    ("full_name", 7),
    ("full_name", None),
    ("email", "not-an-address"),
    ("email", "a@b"),
    ("email", "x" * 250 + "@example.com"),
    ("email", "budi@example.com\nBcc: all@example.com"),
    ("whatsapp", "081234567"),
    ("whatsapp", "0812345678901234"),
    ("whatsapp", "+62 21 555 1234"),
    ("whatsapp", 81234567890),
    ("gender", "other"),
    ("date_of_birth", "31-01-1990"),
    ("date_of_birth", "1899-12-31"),
    ("date_of_birth", "1990-02-30"),
    ("jersey_size", "xxs"),
    ("identity_number", "9" * 51),
    ("emergency_contact_name", ""),
    ("emergency_contact_phone", "0" * 21),
    ("emergency_contact_phone", "call me"),
    ("is_pic", "perhaps"),
    ("price", "1.00"),
    ("bib_number", 1),
]


@pytest.mark.parametrize(("name", "value"), _PARTICIPANT_ERRORS)
async def test_a_wrong_participant_field_is_named(driver: RegistrationDriver, name: str, value: Any) -> None:
    await driver.open_category()
    form = driver.form()
    form["participants"][0][name] = value
    answer = await driver.try_register(form=form)
    assert answer.status == 422, answer.body
    assert answer.headers["content-type"] == "application/problem+json"
    assert f"participants.0.{name}" in answer.wrong_fields
    assert (await driver.places())["taken"] == 0


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"category_id": "no"}, "category_id"),
        ({"registration_type": "collective_7"}, "registration_type"),
        ({"participants": []}, "participants"),
        ({"participants": "many"}, "participants"),
        ({"total_amount": "1.00"}, "total_amount"),
        ({"status": "payment_verified"}, "status"),
    ],
)
async def test_a_wrong_field_of_the_form_is_named(
    driver: RegistrationDriver, changes: dict[str, Any], field: str
) -> None:
    await driver.open_category()
    answer = await driver.try_register(form={**driver.form(), **changes})
    assert answer.is_problem(422, "invalid_fields")
    assert field in answer.wrong_fields


async def test_a_group_of_the_wrong_size_is_refused(driver: RegistrationDriver) -> None:
    await driver.open_category()
    form = driver.form(5)
    form["participants"].pop()
    answer = await driver.try_register(form=form)
    assert answer.status == 422
    assert "needs exactly 5 participants" in str(answer.body)


@pytest.mark.parametrize("in_charge", [0, 2])
async def test_exactly_one_is_in_charge(driver: RegistrationDriver, in_charge: int) -> None:
    await driver.open_category()
    form = driver.form(5)
    for index, person in enumerate(form["participants"]):
        person["is_pic"] = index < in_charge
    answer = await driver.try_register(form=form)
    assert answer.status == 422
    assert "is_pic" in str(answer.body)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b'"text"', b"\xff\xfe", b'{"participants": 1e999}'])
async def test_what_is_no_form_is_refused(driver: RegistrationDriver, body: bytes) -> None:
    answer = await driver.call("POST", "/registrations", content=body, headers={"Content-Type": "application/json"})
    assert answer.status in (400, 422), answer.body
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_lone_surrogate_is_refused(driver: RegistrationDriver) -> None:
    await driver.open_category()
    form = driver.form()
    body = json.dumps(form).replace("Budi", "\\ud800")
    answer = await driver.call("POST", "/registrations", content=body.encode())
    assert answer.status in (400, 422), answer.body


async def test_a_huge_body_is_refused(driver: RegistrationDriver) -> None:
    answer = await driver.call("POST", "/registrations", content=b"x" * 70_000)
    assert answer.is_problem(413, "payload_too_large")


async def test_a_huge_body_without_a_length_is_refused_while_it_streams(driver: RegistrationDriver) -> None:
    async def endless() -> Any:
        for _ in range(1000):
            yield b"x" * 1000

    answer = await driver.call("POST", "/registrations", content=endless())
    assert answer.is_problem(413, "payload_too_large")


@pytest.mark.parametrize("key", ["k" * 256, "with space", "\x7f"])
async def test_a_key_must_be_sane(driver: RegistrationDriver, key: str) -> None:
    await driver.open_category()
    answer = await driver.try_register(key=key)
    assert answer.status == 422
    assert answer.body["errors"][0]["field"] == "Idempotency-Key"


async def test_a_correlation_id_is_taken_over_or_made(driver: RegistrationDriver) -> None:
    answer = await driver.call("GET", "/events/none", headers={"X-Correlation-ID": "abc-123"})
    assert answer.headers["X-Correlation-ID"] == answer.body["correlation_id"] == "abc-123"
    answer = await driver.call("GET", "/events/none", headers={"X-Correlation-ID": "bad id\t!"})
    assert len(answer.headers["X-Correlation-ID"]) == 32
