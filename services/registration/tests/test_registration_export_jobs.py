"""Exports that the worker writes: asked for once, written in pieces, taken again after a crash, deleted in time."""

import asyncio
import itertools
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.auth.principals import Role
from chassis.images.store import ImageStore
from registration.entries import queries
from registration.exports import files, jobs
from registration.exports.tidying import tidy_exports
from testkit.clocks import ManualClock

from .registration_driver import RegistrationDriver
from .registration_exports import (
    TERMS,
    ask,
    asked,
    cells,
    download,
    fetch,
    files_of,
    recorded,
    records,
    rows_of,
    show,
    store_of,
    work,
)
from .test_registration_picture_files import Crash, plug_in, unplug


@pytest.fixture(autouse=True)
def _one_time(driver: RegistrationDriver, clock: ManualClock) -> None:
    """Let the test move the time of the database server, by which leases end."""
    driver.database._server_clock = clock.server


async def test_an_export_is_asked_for_written_and_fetched(driver: RegistrationDriver) -> None:
    await driver.open_category()
    for group in (1, 5):
        await driver.verify(await driver.register(group))
    me = uuid4()
    export_id = await asked(driver, by=driver.issuer.staff(Role.ADMIN, me), event_id=driver.event["id"])
    waiting = await show(driver, export_id)
    assert (waiting["state"], waiting["rows"], waiting["expires_at"]) == ("waiting", None, None)
    early = await fetch(driver, export_id)
    assert early.is_problem(409, "export_not_ready")
    assert early.body["export_state"] == "waiting"
    assert await work(driver) == 1
    done = await show(driver, export_id)
    assert (done["state"], done["rows"], done["reason"], done["downloads"]) == ("done", 6, None, 0)
    file = await fetch(driver, export_id)
    assert file.headers["Content-Disposition"] == 'attachment; filename="participants.csv"'
    assert file.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert int(file.headers["Content-Length"]) == len(file.content) == done["bytes"]
    assert file.content == (await download(driver, "participants.csv")).content
    assert (await show(driver, export_id))["downloads"] == 1
    [taken] = await driver.audit_log("export.download")
    assert taken["subject"] == f"export:{export_id}"
    [requested, *_] = await driver.audit_log("participants.export")
    assert (requested["actor"], requested["details"]["delivery"]) == (f"staff:{me}", "file")
    assert await work(driver) == 0


@pytest.mark.parametrize("kind", ["participants", "jerseys", "bibs", "timing", "insurance"])
async def test_a_workbook_of_each_kind_has_the_rows_of_the_direct_one(driver: RegistrationDriver, kind: str) -> None:
    await driver.open_category()
    await driver.verify(await driver.register(5))
    export_id = await asked(driver, kind=kind, format="xlsx", event_id=driver.event["id"])
    assert await work(driver) == 1
    direct = "participants.xlsx" if kind == "participants" else f"exports/{kind}.xlsx"
    expected = cells((await download(driver, direct)).content)
    assert cells((await fetch(driver, export_id)).content) == expected
    assert (await show(driver, export_id))["rows"] == len(expected) > 0


async def test_an_export_of_chosen_registrations_has_their_participants_only(driver: RegistrationDriver) -> None:
    await driver.open_category()
    chosen = [await driver.register(), await driver.register(5)]
    await driver.register()
    ids = [entry["registration_id"] for entry in chosen]
    export_id = await asked(driver, event_id=driver.event["id"], registration_ids=[*ids, ids[0], str(uuid4())])
    assert await work(driver) == 1
    rows = records((await fetch(driver, export_id)).content)
    assert {row["registration_number"] for row in rows} == {entry["registration_number"] for entry in chosen}
    assert (len(rows), (await show(driver, export_id))["chosen"]) == (6, 3)
    whole = await asked(driver, event_id=driver.event["id"])
    assert (await show(driver, whole))["chosen"] is None


async def test_ten_thousand_registrations_may_be_chosen(driver: RegistrationDriver) -> None:
    await driver.open_category()
    ids = [str(uuid4()) for _ in range(10_000)]
    assert (await ask(driver, registration_ids=ids)).status == 202
    assert (await ask(driver, registration_ids=[*ids, str(uuid4())])).wrong_fields == ["registration_ids"]


async def test_jerseys_of_a_job_are_compared_with_those_of_another(driver: RegistrationDriver) -> None:
    await driver.open_category()
    await driver.verify(await driver.register())
    first = await asked(driver, kind="jerseys", event_id=driver.event["id"])
    unfinished = await ask(driver, kind="jerseys", event_id=driver.event["id"], since=first)
    assert (unfinished.status, unfinished.wrong_fields) == (422, ["since"])
    assert await work(driver) == 1
    await driver.verify(await driver.register(5))
    second = await asked(driver, kind="jerseys", event_id=driver.event["id"], since=first)
    assert await work(driver) == 1
    [row] = records((await fetch(driver, second)).content)
    assert (row["count"], row["added"], row["difference"]) == ("6", "5", "5")
    assert [row] == await rows_of(driver, "jerseys", since=first)


async def test_a_repeat_with_the_same_key_names_the_same_export(driver: RegistrationDriver) -> None:
    await driver.open_category()
    me = driver.issuer.staff(Role.ADMIN, uuid4())
    answers = await asyncio.gather(*(ask(driver, by=me, key="monday") for _ in range(5)))
    assert {answer.status for answer in answers} == {202}
    assert len({answer.body["export_id"] for answer in answers}) == 1
    assert sorted(answer.headers.get("Idempotency-Replayed", "") for answer in answers) == ["", *["true"] * 4]
    assert (await ask(driver, by=me, key="monday", format="xlsx")).is_problem(422, "idempotency_key_reused")
    assert (await ask(driver, by=driver.staff(), key="monday")).body["export_id"] != answers[0].body["export_id"]
    assert (await ask(driver, by=me, key="a key with blanks")).status == 422
    assert len(await recorded(driver)) == 2


async def test_wrong_requests_are_refused(driver: RegistrationDriver) -> None:
    await driver.open_category()
    event_id = driver.event["id"]
    refusals: list[tuple[dict[str, Any], str]] = [
        ({"kind": "shoes"}, "kind"),
        ({"format": "pdf"}, "format"),
        ({"kind": "bibs", "status": "expired", "event_id": event_id}, "status"),
        ({"kind": "bibs", "since": str(uuid4()), "event_id": event_id}, "since"),
        ({"kind": "bibs", "registration_ids": [str(uuid4())], "event_id": event_id}, "registration_ids"),
        ({"registration_ids": []}, "registration_ids"),
        ({"colour": "red"}, "colour"),
    ]
    for body, field in refusals:
        answer = await ask(driver, **body)
        assert (answer.status, answer.wrong_fields) == (422, [field])
    assert (await ask(driver, kind="bibs", event_id=str(uuid4()))).is_problem(404, "unknown_event")
    assert (await ask(driver, by=driver.staff(Role.FINANCE))).status == 403
    unknown = str(uuid4())
    assert (await driver.call("GET", f"/exports/{unknown}", by=driver.staff())).is_problem(404, "unknown_export")
    assert (await fetch(driver, unknown)).is_problem(404, "unknown_export")


async def test_only_so_many_wait_at_a_time(driver: RegistrationDriver) -> None:
    await driver.open_category()
    for _ in range(20):
        await asked(driver)
    assert (await ask(driver)).is_problem(409, "too_many_exports")
    assert await work(driver) == 20
    await asked(driver)


_CRASHES = {
    "before reading": (jobs, "wanted_by", 0),
    "while reading": (queries, "_export_page", 1),
    "before the first piece": (ImageStore, "write", 0),
    "between pieces": (ImageStore, "write", 2),
    "before the end": (jobs, "_finish", 0),
}
"""What the worker calls at a moment of its work, and how often before it dies there."""


def _dying(call: Callable[..., Any], after: int) -> Callable[..., Any]:
    """Return the function with the death of the process in the call after so many."""
    calls = itertools.count()

    def maybe(*arguments: Any, **named: Any) -> Any:
        if next(calls) == after:
            raise Crash
        return call(*arguments, **named)

    return maybe


@pytest.mark.parametrize("when", _CRASHES)
async def test_a_job_whose_worker_died_is_taken_again(
    driver: RegistrationDriver, clock: ManualClock, monkeypatch: pytest.MonkeyPatch, when: str
) -> None:
    await driver.open_category(quota=100)
    await driver.seed(2500)
    monkeypatch.setattr(files.write_file, "__kwdefaults__", {"piece": 50_000})
    export_id = await asked(driver)
    holder, name, after = _CRASHES[when]
    with monkeypatch.context() as dying:
        dying.setattr(holder, name, _dying(getattr(holder, name), after))
        with pytest.raises(Crash):
            await work(driver)
    assert (await show(driver, export_id))["state"] == "running"
    assert await work(driver) == 0, "the lease of the dead worker still holds"
    clock.advance(TERMS.lease + timedelta(seconds=1))
    assert await work(driver) == 1
    file = await fetch(driver, export_id)
    assert file.content == (await download(driver, "participants.csv")).content
    assert (await show(driver, export_id))["rows"] == 2500
    assert len(await files_of(driver, export_id)) > 2


async def test_a_worker_that_lost_its_lease_changes_nothing(driver: RegistrationDriver, clock: ManualClock) -> None:
    await driver.open_category()
    await driver.register(5)
    export_id = await asked(driver)
    slow = await jobs.take(driver.database, TERMS)
    assert slow is not None
    clock.advance(TERMS.lease + timedelta(seconds=1))
    await driver.register()
    assert await work(driver) == 1
    finished = await show(driver, export_id)
    assert finished["rows"] == 6
    assert not await jobs.attempt(driver.database, store_of(driver), slow, TERMS)
    assert await show(driver, export_id) == finished
    assert len(records((await fetch(driver, export_id)).content)) == 6


async def test_a_lease_is_renewed_while_the_file_is_written(
    driver: RegistrationDriver, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    await driver.open_category()
    await asked(driver)
    terms = jobs.Terms(timedelta(days=7), lease=timedelta(seconds=0.6))
    job = await jobs.take(driver.database, terms)
    assert job is not None
    async with jobs._lease_kept(driver.database, job, terms.lease):
        await asyncio.sleep(1.5)
        assert await jobs.take(driver.database, terms) is None
    await asyncio.sleep(0.7)
    assert await jobs.take(driver.database, terms) is not None, "the negative control: without renewing it ends"


async def test_while_the_store_is_down_a_job_is_tried_again_and_fails_in_the_end(
    driver: RegistrationDriver, clock: ManualClock
) -> None:
    await driver.open_category()
    folder = Path(driver.settings.image_store.removeprefix("file://"))
    later, never, store = await asked(driver), await asked(driver), store_of(driver)
    unplug(folder)
    assert await work(driver, store) == 0
    assert {(each["state"], each["reason"]) for each in await recorded(driver)} == {("waiting", "store_unavailable")}
    plug_in(folder)
    assert await work(driver, store) == 0, "not before the next try"
    await driver.execute("UPDATE exports SET attempts = 4 WHERE id = :id", id=UUID(never))
    clock.advance(timedelta(minutes=5))
    await driver.execute("UPDATE exports SET available_at = now() + interval '1 day' WHERE id = :id", id=UUID(never))
    assert await work(driver, store) == 1
    assert (await show(driver, later))["state"] == "done"
    unplug(folder)
    clock.advance(timedelta(days=2))
    assert await work(driver, store) == 0
    plug_in(folder)
    failed = await show(driver, never)
    assert (failed["state"], failed["reason"]) == ("failed", "store_unavailable")
    assert (await fetch(driver, never)).is_problem(409, "export_not_ready")


async def test_a_job_that_kills_its_workers_is_given_up(driver: RegistrationDriver, clock: ManualClock) -> None:
    await driver.open_category()
    export_id = await asked(driver)
    for _ in range(jobs.ATTEMPTS):
        assert await jobs.take(driver.database, TERMS) is not None
        clock.advance(TERMS.lease + timedelta(seconds=1))
    assert await work(driver) == 0
    failed = await show(driver, export_id)
    assert (failed["state"], failed["reason"]) == ("failed", "gave_up")


async def test_files_are_deleted_after_their_time_and_the_record_stays(
    driver: RegistrationDriver, clock: ManualClock
) -> None:
    await driver.open_category()
    old = await asked(driver)
    assert await work(driver) == 1
    clock.advance(timedelta(days=6))
    young = await asked(driver)
    assert await work(driver) == 1
    waiting = await asked(driver)
    await store_of(driver).write(f"exports/{uuid4().hex}/1/000000", b"of a row that a restore has taken away")
    assert await tidy_exports(driver.database, store_of(driver)) == 1
    assert await files_of(driver, old)
    clock.advance(timedelta(days=1, seconds=1))
    assert (await fetch(driver, old)).is_problem(410, "export_gone")
    assert await tidy_exports(driver.database, store_of(driver)) == 1
    assert await files_of(driver, old) == []
    assert (await fetch(driver, young)).status == 200
    assert await work(driver) == 1
    assert (await fetch(driver, waiting)).status == 200
    assert len(await recorded(driver)) == 3
    assert await tidy_exports(driver.database, store_of(driver)) == 0


async def test_a_download_whose_process_died_is_recorded_as_interrupted(
    driver: RegistrationDriver, clock: ManualClock
) -> None:
    await driver.open_category()
    await rows_of(driver, "bibs")
    await driver.execute("UPDATE exports SET state = 'running', rows = NULL")
    await tidy_exports(driver.database, store_of(driver))
    assert [each["state"] for each in await recorded(driver)] == ["running"]
    clock.advance(timedelta(hours=1))
    await tidy_exports(driver.database, store_of(driver))
    assert [(each["state"], each["reason"]) for each in await recorded(driver)] == [("failed", "interrupted")]
    assert (await fetch(driver, (await recorded(driver))[0]["export_id"])).is_problem(410, "export_gone")


async def test_files_are_readable_by_their_owner_only(driver: RegistrationDriver) -> None:
    await driver.open_category()
    export_id = await asked(driver)
    assert await work(driver) == 1
    folder = Path(driver.settings.image_store.removeprefix("file://"))
    [path] = await files_of(driver, export_id)
    assert (folder / path).stat().st_mode & 0o077 == 0
    assert (folder / path).parent.stat().st_mode & 0o077 == 0
