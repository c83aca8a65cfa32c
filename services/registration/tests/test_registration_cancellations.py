"""Cancelling by staff: the effects that are named before, and many registrations at once."""

import asyncio
from collections import Counter
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.auth.principals import Role
from contracts import RegistrationCancelled
from registration.entries import commands as entries
from sqlalchemy import text
from testkit.driver import Answer, Headers

from .registration_driver import RegistrationDriver
from .waitlist_driver import WaitlistDriver


async def _effects(driver: RegistrationDriver, entry: dict[str, Any], *, by: Headers | None = None) -> Answer:
    path = f"/registrations/{entry['registration_id']}/cancellation"
    return await driver.call("GET", path, by=by or driver.staff())


async def _cancel_many(
    driver: RegistrationDriver,
    ids: list[str],
    *,
    by: Headers | None = None,
    key: str | None = None,
    language: str = "en",
) -> Answer:
    headers = {"Accept-Language": language} | ({} if key is None else {"Idempotency-Key": key})
    body = {"registration_ids": ids, "reason": "the race moved"}
    return await driver.call("POST", "/registrations/bulk/cancel", by=by or driver.staff(), json=body, headers=headers)


def _results(answer: Answer) -> list[tuple[str, str | None]]:
    return [(item["result"], item["code"]) for item in answer.require(200)["items"]]


@pytest.mark.parametrize("paid", [False, True])
@pytest.mark.parametrize("spare_bibs", [0, 2, 9])
async def test_the_effects_named_before_are_those_of_the_cancellation(
    driver: RegistrationDriver, paid: bool, spare_bibs: int
) -> None:
    await driver.open_category(quota=12, bibs=12 + spare_bibs)
    others = await driver.register()
    await driver.verify(others)
    entry = await driver.register(5)
    if paid:
        await driver.verify(entry)
    named = (await _effects(driver, entry)).require(200)
    before = await driver.places()
    await driver.cancel(entry["registration_id"])
    after = await driver.places()
    assert named["places_freed"] == before["taken"] - after["taken"]
    assert named["places_burned"] == after["burned"] - before["burned"]
    assert named["places_freed"] + named["places_burned"] == 5
    assert named["bibs_burned"] == (5 if paid else 0)
    assert (named["is_paid"], named["proof_waiting"], named["currency"]) == (paid, False, "IDR")
    assert named["refund_due"] == (entry["total_amount"] if paid else None)
    assert named["waiting_next"] is None
    [cancelled] = await driver.published(RegistrationCancelled)
    assert (cancelled.payload.refund_payment_id is not None) == paid


async def test_the_entry_that_is_offered_the_places_is_named_before(
    driver: RegistrationDriver, waitlist: WaitlistDriver
) -> None:
    await driver.open_category(quota=10)
    entry = await driver.register(5)
    await driver.register(5)
    group, single = await waitlist.join(10), await waitlist.join()
    assert group["waitlist_id"] != single["waitlist_id"]
    await driver.upload_proof(entry)
    named = (await _effects(driver, entry)).require(200)
    assert named["proof_waiting"] is True
    assert named["waiting_next"]["waitlist_id"] == single["waitlist_id"], "the group needs more than are freed"
    await driver.cancel(entry["registration_id"])
    statuses = await driver.rows("SELECT id, status FROM waitlist_entries")
    assert [str(row["id"]) for row in statuses if row["status"] == "offered"] == [single["waitlist_id"]]


async def test_what_cannot_be_cancelled_has_no_effects(driver: RegistrationDriver) -> None:
    await driver.open_category()
    entry = await driver.register()
    assert (await _effects(driver, entry, by=driver.staff(Role.FINANCE))).status == 403
    await driver.cancel(entry["registration_id"])
    refused = await _effects(driver, entry)
    assert refused.is_problem(409, "not_cancellable")
    assert (await _effects(driver, {"registration_id": uuid4()})).is_problem(404, "unknown_registration")


async def test_each_registration_of_many_has_its_own_result(driver: RegistrationDriver) -> None:
    await driver.open_category()
    pending, verified, cancelled = await driver.register(), await driver.register(5), await driver.register()
    await driver.verify(verified)
    await driver.cancel(cancelled["registration_id"])
    await driver.pass_deadline()
    late = await driver.register()
    ids = [each["registration_id"] for each in (late, verified, cancelled, pending)] + [str(uuid4())]
    answer = await _cancel_many(driver, ids, language="id")
    assert [item["registration_id"] for item in answer.body["items"]] == ids
    assert _results(answer) == [
        ("done", None),
        ("done", None),
        ("already", None),
        ("refused", "not_cancellable"),  # expired
        ("refused", "unknown_registration"),
    ]
    assert answer.body["items"][-1]["detail"] == "Tidak ada pendaftaran seperti itu."
    repeat = _results(await _cancel_many(driver, [*ids, ids[0]]))
    assert [result for result, _ in repeat] == ["already", "already", "already", "refused", "refused"]
    logged = Counter(each["subject"] for each in await driver.audit_log("registration.cancel"))
    assert logged == {f"registration:{each['registration_id']}": 1 for each in (late, verified, cancelled)}
    places = await driver.places()
    assert places["taken"] == places["burned"] == 5, "no other BIBs are left for those of the verified group"


async def test_a_repeat_with_the_same_key_gets_the_first_answer(driver: RegistrationDriver) -> None:
    await driver.open_category()
    ids = [(await driver.register())["registration_id"] for _ in range(3)]
    me = driver.issuer.staff(Role.ADMIN, uuid4())
    first = await _cancel_many(driver, ids, by=me, key="clean-up")
    again = await _cancel_many(driver, ids, by=me, key="clean-up")
    assert _results(first) == _results(again) == [("done", None)] * 3
    assert "Idempotency-Replayed" not in first.headers
    assert again.headers["Idempotency-Replayed"] == "true"
    assert (await _cancel_many(driver, ids[:1], by=me, key="clean-up")).is_problem(422, "idempotency_key_reused")
    assert _results(await _cancel_many(driver, ids, key="clean-up")) == [("already", None)] * 3


async def test_many_at_once_cancel_each_registration_once(
    driver: RegistrationDriver, second_driver: RegistrationDriver
) -> None:
    await driver.open_category(quota=60)
    ids = [(await driver.register())["registration_id"] for _ in range(40)]
    answers = await asyncio.gather(
        _cancel_many(driver, ids), _cancel_many(second_driver, ids[::-1]), _cancel_many(driver, ids[20:] + ids[:20])
    )
    done = Counter(
        item["registration_id"] for answer in answers for item in answer.body["items"] if item["result"] == "done"
    )
    assert done == dict.fromkeys(ids, 1)
    assert {result for answer in answers for result, _ in _results(answer)} == {"done", "already"}
    assert (await driver.places())["taken"] == await driver.live_participants() == 0


async def test_one_that_is_locked_does_not_stop_the_others(
    driver: RegistrationDriver, monkeypatch: pytest.MonkeyPatch
) -> None:
    await driver.open_category()
    ids = [(await driver.register())["registration_id"] for _ in range(6)]
    cancel = entries.cancel

    async def impatient(work: Any, *arguments: Any, **named: Any) -> None:
        if arguments[0] == UUID(ids[2]):
            await work.session.execute(text("SET LOCAL lock_timeout = '100ms'"))
        await cancel(work, *arguments, **named)

    monkeypatch.setattr(entries, "cancel", impatient)
    me = driver.issuer.staff(Role.ADMIN, uuid4())
    async with driver.database.work() as other:
        locked = text("SELECT 1 FROM registrations WHERE id = :id FOR UPDATE")
        await other.session.execute(locked, {"id": UUID(ids[2])})
        answer = await _cancel_many(driver, ids, by=me, key="first")
    assert _results(answer) == [("refused", "unavailable") if index == 2 else ("done", None) for index in range(6)]
    again = _results(await _cancel_many(driver, ids, by=me, key="first"))
    assert again == [("done", None) if index == 2 else ("already", None) for index in range(6)]


async def test_wrong_lists_are_refused(driver: RegistrationDriver) -> None:
    for ids in ([], ["x"], [str(uuid4()) for _ in range(201)]):
        assert (await _cancel_many(driver, ids)).status == 422
    for role in (Role.FINANCE, Role.CHECKIN, Role.VIEWER):
        assert (await _cancel_many(driver, [str(uuid4())], by=driver.staff(role))).status == 403
