"""The organiser's QRIS code: read from the picture, confirmed by staff, and switched on for amounts."""

import asyncio
import base64
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from chassis.auth.principals import Role, Staff
from chassis.database import UnitOfWork
from chassis.wording import Wording
from payment.instructions import commands
from payment.instructions.codes import columns_of
from payment.instructions.tables import PaymentSettings
from payment.qris import rules
from payment.qris.errors import QrisNotRead
from payment.qris.rules import CodeRefused, parse
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from testkit.driver import Answer
from testkit.polling import eventually

from . import payment_pictures as pictures
from .payment_driver import NO_VERIFIER, PaymentDriver
from .payment_qris import (
    NMID,
    STATIC,
    WITH_150123,
    changed,
    confirm,
    damaged,
    settings_of,
    switch_on,
    try_confirm,
    uploaded,
)

THIEF = changed(t51_02="ID1099999999999", t26_01="936009990000000099")
"""The code of another account with the same name and city."""


async def instructions(driver: PaymentDriver) -> dict[str, Any]:
    body: dict[str, Any] = (await driver.call("GET", "/instructions")).require(200)
    return body


def words(wording: Wording) -> dict[str, str]:
    return {"en": wording.en, "id": wording.id}


async def test_what_the_picture_says_is_shown_to_staff_and_public_once_it_is_confirmed(driver: PaymentDriver) -> None:
    # when
    changed_to = await driver.change_settings(qris_image=uploaded(STATIC))
    # then
    shown = {
        "merchant": "LARI CONTOH",
        "city": "BANDUNG",
        "nmid": NMID,
        "dynamic": False,
        "confirmed": False,
        "payload_sha256": parse(STATIC).sha256,
    }
    assert (changed_to["qris"], changed_to["qris_problem"]) == (shown, None)
    assert (await instructions(driver))["qris_merchant"] is None
    # and when
    confirmed = (await try_confirm(driver, nmid=NMID)).require(200)
    # then
    assert confirmed["qris"] == {**shown, "confirmed": True}
    assert await settings_of(driver) == confirmed
    public = await instructions(driver)
    assert public["qris_merchant"] == {"name": "LARI CONTOH", "city": "BANDUNG", "nmid": NMID}
    assert public["qris_with_amount"] is False
    assert "payload" not in str(public)


async def test_a_picture_in_which_no_code_can_be_read_is_kept_and_the_answer_says_so(driver: PaymentDriver) -> None:
    # given
    await switch_on(driver)
    # when
    picture = base64.b64encode(pictures.jpeg()).decode()
    now = await driver.change_settings(qris_image=picture)
    # then
    assert now["qris_image"]
    assert (now["qris"], now["qris_with_amount"]) == (None, False)
    assert now["qris_problem"] == words(QrisNotRead.default_wording())
    assert (await driver.call("GET", "/instructions/qris.png")).status == 200
    assert (await try_confirm(driver, nmid=NMID)).is_problem(409, "qris_not_read")
    # and without a picture nothing is wrong
    assert (await driver.change_settings(qris_image=None))["qris_problem"] is None


async def test_a_picture_with_two_qris_codes_is_refused_and_nothing_changes(driver: PaymentDriver) -> None:
    before = await switch_on(driver)
    answer = await driver.try_change_settings(qris_image=uploaded(STATIC, THIEF))
    assert answer.is_problem(422, "invalid_fields")
    assert answer.wrong_fields == ["qris_image"]
    assert "more than one QRIS code" in str(answer.body)
    assert await settings_of(driver) == before
    assert len(driver.stored_images()) == 1


async def test_a_sticker_that_was_swapped_is_seen_and_gets_no_money_with_amounts(driver: PaymentDriver) -> None:
    # given an organiser with a confirmed code
    entry = await driver.register()
    seen = (await switch_on(driver))["qris"]
    assert (await driver.call("GET", f"/invoices/{entry.id}/qris", by=driver.runner(entry.id))).status == 200
    # when the picture is replaced by one with the same name and another account
    now = await driver.change_settings(qris_image=uploaded(THIEF))
    # then the other NMID is shown, and nothing goes there by itself
    assert (now["qris"]["merchant"], now["qris"]["nmid"]) == ("LARI CONTOH", "ID1099999999999")
    assert (now["qris"]["confirmed"], now["qris_with_amount"]) == (False, False)
    assert (await instructions(driver))["qris_merchant"] is None
    off = await driver.call("GET", f"/invoices/{entry.id}/qris", by=driver.runner(entry.id))
    assert off.is_problem(404, "no_amount_code")
    # and what was seen before cannot be confirmed any more
    for shown in ({"nmid": NMID}, {"payload_sha256": seen["payload_sha256"]}):
        assert (await try_confirm(driver, **shown)).is_problem(409, "qris_changed")
    # and the audit log names both accounts
    details = (await driver.audit_log("payment_settings.change"))[-1]["details"]
    assert (details["before"]["qris_nmid"], details["after"]["qris_nmid"]) == (NMID, "ID1099999999999")


async def test_a_confirmation_names_what_was_shown(driver: PaymentDriver) -> None:
    await driver.change_settings(qris_image=uploaded(STATIC))
    sha256 = parse(STATIC).sha256
    wrong: list[tuple[dict[str, object], list[str]]] = [
        ({}, []),
        ({"nmid": None}, []),
        ({"nmid": ""}, ["nmid"]),
        ({"nmid": 1}, ["nmid"]),
        ({"payload_sha256": sha256.upper()}, ["payload_sha256"]),
        ({"payload_sha256": sha256[1:]}, ["payload_sha256"]),
        ({"merchant": "LARI CONTOH"}, ["merchant"]),
    ]
    for body, fields in wrong:
        answer = await try_confirm(driver, **body)
        assert answer.is_problem(422, "invalid_fields"), body
        assert [field for field in answer.wrong_fields if field in body] == fields, body
    other = ({"nmid": "ID1"}, {"payload_sha256": "0" * 64}, {"nmid": NMID, "payload_sha256": "0" * 64})
    for shown in other:
        assert (await try_confirm(driver, **shown)).is_problem(409, "qris_changed")
    assert (await settings_of(driver))["qris"]["confirmed"] is False
    (await try_confirm(driver, nmid=NMID, payload_sha256=sha256)).require(200)


async def test_confirming_is_audited_once(driver: PaymentDriver) -> None:
    await driver.change_settings(qris_image=uploaded(STATIC))
    for _ in range(2):
        assert (await confirm(driver))["qris"]["confirmed"] is True
    [note] = await driver.audit_log("payment_settings.confirm_qris")
    assert note["details"]["after"] == {
        "merchant": "LARI CONTOH",
        "city": "BANDUNG",
        "nmid": NMID,
        "payload_sha256": parse(STATIC).sha256,
    }
    assert note["actor"].startswith("staff:")
    noted = str(await driver.audit_log())
    assert STATIC not in noted, "the code's text has the number of an account"


async def test_a_code_without_an_nmid_is_confirmed_by_its_text(driver: PaymentDriver) -> None:
    await driver.change_settings(qris_image=uploaded(changed(t51_00="COM.OTHER.WWW")))
    assert (await try_confirm(driver, nmid=NMID)).is_problem(409, "qris_changed")
    assert (await confirm(driver))["qris"]["nmid"] is None


_UNFIT: list[tuple[str, type[CodeRefused]]] = [
    (damaged(), rules.WrongChecksum),
    (changed(t58="SG"), rules.OtherCountry),
    (changed(t53="702"), rules.OtherCurrency),
]


@pytest.mark.parametrize(("code", "refusal"), _UNFIT)
async def test_a_code_that_payment_apps_refuse_is_not_confirmed(
    driver: PaymentDriver, code: str, refusal: type[CodeRefused]
) -> None:
    now = await driver.change_settings(qris_image=uploaded(code))
    assert now["qris_problem"] == words(refusal.WORDING)
    answer = await try_confirm(driver, payload_sha256=now["qris"]["payload_sha256"])
    assert answer.is_problem(409, "qris_not_usable")
    assert answer.body["detail"] == refusal.WORDING.en
    switched = await driver.try_change_settings(qris_with_amount=True)
    assert switched.is_problem(409, "qris_not_usable")


async def test_a_code_for_one_payment_may_be_confirmed_and_gets_no_amounts(driver: PaymentDriver) -> None:
    now = await driver.change_settings(qris_image=uploaded(WITH_150123))
    assert (now["qris"]["dynamic"], now["qris_problem"]) == (True, words(rules.AlreadyDynamic.WORDING))
    await confirm(driver)
    answer = await driver.try_change_settings(qris_with_amount=True)
    assert answer.is_problem(409, "qris_not_usable")
    assert (await settings_of(driver))["qris_with_amount"] is False


async def test_amounts_are_switched_on_only_after_the_present_picture_was_confirmed(driver: PaymentDriver) -> None:
    async def refused(code: str, **settings: object) -> None:
        answer = await driver.try_change_settings(qris_with_amount=True, **settings)
        assert answer.is_problem(409, code)

    await refused("qris_not_read")
    await refused("qris_not_confirmed", qris_image=uploaded(STATIC))
    await driver.change_settings(qris_image=uploaded(STATIC))
    await refused("qris_not_confirmed")
    await confirm(driver)
    assert (await driver.change_settings(qris_with_amount=True))["qris_with_amount"] is True
    assert (await instructions(driver))["qris_with_amount"] is True
    # and with another picture not in the same request
    await refused("qris_not_confirmed", qris_image=uploaded(THIEF))
    assert (await settings_of(driver))["qris"]["nmid"] == NMID
    assert (await driver.change_settings(qris_with_amount=False))["qris_with_amount"] is False
    assert (await settings_of(driver))["qris"]["confirmed"] is True


async def test_a_client_that_does_not_know_the_new_fields_changes_none_of_them(driver: PaymentDriver) -> None:
    # given
    before = await switch_on(driver, qris_limit="5000000.00")
    # when
    after = await driver.change_settings(bank_name="BNI")
    # then
    assert after == {**before, "bank_name": "BNI"}
    # and one that sends back all that it got
    assert await driver.change_settings(**after) == after


@pytest.mark.parametrize("image", [uploaded(STATIC), None], ids=["the same code again", "removed"])
async def test_another_picture_loses_the_confirmation_and_keeps_the_limit(
    driver: PaymentDriver, image: str | None
) -> None:
    await switch_on(driver, qris_limit="5000000")
    now = await driver.change_settings(qris_image=image)
    assert (now["qris_with_amount"], now["qris_limit"]) == (False, "5000000.00")
    assert (now["qris"] or {"confirmed": False})["confirmed"] is False
    assert (await instructions(driver))["qris_merchant"] is None


async def test_the_limit_is_ten_million_until_it_is_set(driver: PaymentDriver) -> None:
    assert (await settings_of(driver))["qris_limit"] == "10000000.00"
    wrong: list[tuple[str, object]] = [
        ("qris_limit", 5000000),
        ("qris_limit", "-1"),
        ("qris_limit", "5.000.000"),
        ("qris_limit", None),
        ("qris_with_amount", "yes"),
        ("qris_with_amount", None),
    ]
    for field, value in wrong:
        answer = await driver.try_change_settings(**{field: value})
        assert answer.is_problem(422, "invalid_fields"), (field, value)
        assert answer.wrong_fields == [field]


async def test_a_picture_that_an_older_release_replaced_has_no_code(driver: PaymentDriver) -> None:
    await switch_on(driver)
    # when a process of the release before stores another picture, and knows nothing of codes
    await driver.execute("UPDATE payment_settings SET qris_image_path = 'qris/other.png'")
    # then
    now = await settings_of(driver)
    assert (now["qris"], now["qris_with_amount"]) == (None, False)
    assert (await instructions(driver))["qris_merchant"] is None
    assert (await try_confirm(driver, nmid=NMID)).is_problem(409, "qris_not_read")


Read = Callable[[UnitOfWork], Awaitable[PaymentSettings]]


async def confirm_during_a_swap(driver: PaymentDriver) -> tuple[Answer, str, bool]:
    """Confirm a code while another picture is being stored; return the answer, the stored NMID, and if confirmed."""
    await driver.change_settings(qris_image=uploaded(STATIC))
    thief = columns_of("qris/other.png", parse(THIEF))
    async with driver.database.work() as work:
        await commands.change_settings(work, thief, by=Staff(NO_VERIFIER, Role.ADMIN, NO_VERIFIER))
        confirming = asyncio.create_task(try_confirm(driver, payload_sha256=parse(STATIC).sha256))
        await eventually(lambda: _one_waits(driver))
    answer = await confirming
    [row] = await driver.rows("SELECT qris_nmid, qris_confirmed_at IS NOT NULL AS confirmed FROM payment_settings")
    return answer, row["qris_nmid"], row["confirmed"]


async def _one_waits(driver: PaymentDriver) -> bool:
    waiting = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
    return len(await driver.rows(waiting)) == 1


async def test_a_picture_swapped_while_another_is_confirmed_is_not_confirmed(driver: PaymentDriver) -> None:
    answer, nmid, is_confirmed = await confirm_during_a_swap(driver)
    assert answer.is_problem(409, "qris_changed")
    assert (nmid, is_confirmed) == ("ID1099999999999", False)


async def test_without_the_lock_the_swapped_picture_would_be_confirmed(
    driver: PaymentDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control of the test above."""

    async def read_only(work: UnitOfWork) -> PaymentSettings:
        return (await work.session.execute(select(PaymentSettings))).scalar_one()

    monkeypatch.setattr(commands, "_locked", read_only)
    answer, nmid, is_confirmed = await confirm_during_a_swap(driver)
    assert (answer.status, nmid, is_confirmed) == (200, "ID1099999999999", True)


_REFUSED_ROWS = [
    "qris_payload = 'x'",
    "qris_nmid = 'ID1'",
    "qris_confirmed_at = now()",
    "qris_confirmed_at = now(), qris_confirmed_by = gen_random_uuid()",
    "qris_with_amount = true",
    "qris_limit = -1",
]


@pytest.mark.parametrize("change", _REFUSED_ROWS)
async def test_the_database_refuses_a_row_that_makes_no_sense(driver: PaymentDriver, change: str) -> None:
    with pytest.raises(IntegrityError):
        await driver.execute(f"UPDATE payment_settings SET {change}")
