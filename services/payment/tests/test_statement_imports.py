"""Bank statements: each line is added once and proposed to a person, or the file is refused by name."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from chassis.auth.principals import Role
from chassis.database import UnitOfWork
from payment.statements import importing, storing
from payment.statements.matching import Match
from payment.statements.model import Line
from testkit.polling import eventually

from .payment_driver import PaymentDriver
from .statement_driver import Bank
from .statements.rendering import ACCOUNT, bca, bni, camt053, mandiri, mandiri_mcm, mt940


@pytest.fixture
def bank(driver: PaymentDriver) -> Bank:
    return Bank(driver)


async def test_an_import_proposes_the_registrations_that_transfers_name(driver: PaymentDriver, bank: Bank) -> None:
    # given
    entry = await driver.register(payer="Siti Rahayu")
    bank.receives_for(entry)
    bank.receives("TRSF SITI RAHAYU")
    bank.receives("SETORAN TUNAI", Decimal("777000.00"))
    bank.receives("BIAYA ADM", Decimal("-15000.00"))
    # when
    imported = await bank.upload()
    # then
    counts = {"lines": 4, "credits": 3, "matched": 1, "proposed": 1, "unknown": 1, "accepted": 0, "repeated": 0}
    assert imported == {
        "statement_id": imported["statement_id"],
        "format": "bca_csv",
        **counts,
        "repeated_file": False,
    }
    named, by_amount, unknown, fee = await bank.lines(imported)
    assert (named["tier"], named["kind"], named["reason"]) == (2, "accept", "number_and_amount")
    [proposal] = named["proposals"]
    assert proposal["registration_id"] == str(entry.id)
    assert (proposal["payer_name"], proposal["amount"], proposal["status"]) == ("Siti Rahayu", "150000.00", "open")
    assert (by_amount["tier"], by_amount["reason"]) == (4, "same_amount_and_payer")
    assert (unknown["kind"], unknown["proposals"]) == ("unknown", [])
    assert (fee["state"], fee["amount"], fee["balance"]) == ("outgoing", "-15000.00", "2062000.00")
    # and nothing is paid before a person accepts it
    assert (await driver.invoice(entry))["status"] == "open"
    assert await bank.balances() == {}


@pytest.mark.parametrize("rendering", [bca, bni, mandiri, mandiri_mcm, mt940, camt053])
async def test_the_same_file_again_adds_nothing(driver: PaymentDriver, bank: Bank, rendering: Any) -> None:
    bank.receives_for(await driver.register(), await driver.register())
    first = await bank.upload(rendering(bank.sheet()))
    again = await bank.upload(rendering(bank.sheet()))
    assert (first["matched"], first["repeated"]) == (2, 0)
    assert again == {**first, "matched": 0, "repeated": 2, "repeated_file": True}
    assert await bank.states() == ["open", "open"]


async def test_a_file_that_was_imported_is_not_read_again(
    driver: PaymentDriver, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    bank.receives_for(await driver.register())
    first = await bank.upload()

    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the file was read")

    # when
    monkeypatch.setattr(importing, "read", refuse)
    again = await bank.upload(account=ACCOUNT)
    # then
    assert (again["statement_id"], again["repeated_file"]) == (first["statement_id"], True)
    assert (again["format"], again["lines"], again["credits"], again["repeated"]) == ("bca_csv", 1, 1, 1)
    assert (await bank.try_upload(account="999")).is_problem(422, "other_account")


async def test_of_one_file_uploaded_by_many_at_once_one_is_stored(driver: PaymentDriver, bank: Bank) -> None:
    bank.receives_for(await driver.register(), await driver.register())
    imported = await asyncio.gather(*(bank.upload() for _ in range(6)))
    assert sorted(each["repeated_file"] for each in imported) == [False] + [True] * 5
    assert {each["statement_id"] for each in imported} == {imported[0]["statement_id"]}
    assert sorted(each["matched"] for each in imported) == [0] * 5 + [2]
    assert await bank.states() == ["open", "open"]


async def test_a_statement_and_a_line_are_shown_by_themselves(driver: PaymentDriver, bank: Bank) -> None:
    bank.receives("TRSF BUDI")
    imported = await bank.upload()
    [line] = await bank.lines(imported)
    assert line["statement_id"] == imported["statement_id"]
    assert await bank.line(line["id"]) == line
    shown = (await driver.call("GET", f"/statements/{imported['statement_id']}", by=driver.finance)).require(200)
    listed = (await driver.call("GET", "/statements", by=driver.finance)).require(200)["items"]
    assert (listed, shown["open"], shown["accepting"]) == ([shown], 1, False)
    missing = await driver.call("GET", f"/statements/{uuid4()}", by=driver.finance)
    assert missing.is_problem(404, "unknown_statement")
    missing = await driver.call("GET", f"/statement-lines/{uuid4()}", by=driver.finance)
    assert missing.is_problem(404, "unknown_statement_line")


@pytest.mark.parametrize("rendering", [bca, bni, mandiri, mandiri_mcm, mt940, camt053])
async def test_an_overlapping_file_adds_only_its_new_lines(driver: PaymentDriver, bank: Bank, rendering: Any) -> None:
    # given
    bank.receives_for(*[await driver.register() for _ in range(3)])
    await bank.upload(rendering(bank.sheet().part(0, 2)))
    # when
    later = await bank.upload(rendering(bank.sheet().part(1, 3)))
    # then
    assert (later["lines"], later["matched"], later["repeated"]) == (2, 1, 1)
    assert len(await bank.lines(later)) == 1
    assert len(await bank.states()) == 3


@pytest.mark.parametrize("rendering", [bca, mandiri_mcm])
async def test_two_equal_transfers_of_one_day_stay_two(bank: Bank, rendering: Any) -> None:
    bank.receives("TRSF BUDI")
    await bank.upload(rendering(bank.sheet()))
    bank.receives("TRSF BUDI")
    imported = await bank.upload(rendering(bank.sheet()))
    assert (imported["lines"], imported["unknown"], imported["repeated"]) == (2, 1, 1)
    assert len(await bank.states()) == 2


async def test_the_account_of_the_settings_is_that_of_a_file_without_one(driver: PaymentDriver, bank: Bank) -> None:
    # given a bank that does not write the account, and a person who names it once and leaves it out once
    await driver.change_settings(bank_name="BNI", account_number="13700-123-45678", account_holder_name="Panitia")
    bank.receives("TRSF BUDI")
    await bank.upload(bni(bank.sheet()), account=ACCOUNT)
    bank.receives("TRSF SITI")
    # when
    imported = await bank.upload(bni(bank.sheet()))
    # then
    assert (imported["unknown"], imported["repeated"]) == (1, 1)


async def test_of_concurrent_imports_of_overlapping_files_each_line_is_added_once(
    bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also if the files have the lines in opposite orders, which would deadlock if they were inserted in these."""
    monkeypatch.setattr(importing, "_AT_ONCE", 20)
    for number in range(600):
        bank.receives(f"TRSF {number}")
    whole = bank.sheet()
    newest_first = replace(whole, rows=whole.rows[::-1])
    imported = await asyncio.gather(*(bank.upload(mandiri(each)) for each in (whole, newest_first, whole.part(1, 600))))
    assert sum(each["unknown"] for each in imported) == 600
    assert sum(each["repeated"] for each in imported) == 599 + 600
    assert len(await bank.states()) == 600


async def test_lines_are_matched_while_those_before_are_stored(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    # given that the database stores lines only after the next ones were matched
    monkeypatch.setattr(importing, "_AT_ONCE", 1)
    match, store, matched = importing._match, storing.store_lines, list[Line]()

    def noted(lines: Sequence[Line], index: Any) -> Sequence[Match]:
        matched.extend(lines)
        return match(lines, index)

    async def after_the_next(work: UnitOfWork, statement_id: UUID, rows: storing.Rows) -> None:
        place = [line.fingerprint for line in matched].index(rows[0]["fingerprint"])
        await eventually(lambda: len(matched) >= min(place + 2, 3))
        await store(work, statement_id, rows)

    monkeypatch.setattr(importing, "_match", noted)
    monkeypatch.setattr(storing, "store_lines", after_the_next)
    for number in range(3):
        bank.receives(f"TRSF {number}")
    # then
    assert (await bank.upload())["unknown"] == 3


async def test_statements_and_their_lines_are_listed_in_pages(driver: PaymentDriver, bank: Bank) -> None:
    # given
    bank.receives("TRSF A")
    older = await bank.upload()
    driver.clock.advance(timedelta(seconds=1))
    for number in range(4):
        bank.receives(f"TRSF {number}")
    newer = await bank.upload()
    # when
    pages, cursor = [], None
    while True:
        params = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        path = f"/statements/{newer['statement_id']}/lines"
        page = (await driver.call("GET", path, by=driver.finance, params=params)).require(200)
        pages.append([each["text"] for each in page["items"]])
        cursor = page["next_cursor"]
        if cursor is None:
            break
    # then
    assert pages == [["TRSF 0", "TRSF 1", "TRSF 2"], ["TRSF 3"]]
    first = (await driver.call("GET", "/statements", by=driver.finance, params={"limit": 1})).require(200)
    [newest] = first["items"]
    assert (newest["id"], newest["account"], newest["open"]) == (newer["statement_id"], ACCOUNT, 4)
    assert (newest["opening"], newest["closing"], newest["lines"]) == ("1000000.00", "1750000.00", 5)
    rest = await driver.call("GET", "/statements", by=driver.finance, params={"cursor": first["next_cursor"]})
    assert [each["id"] for each in rest.require(200)["items"]] == [older["statement_id"]]
    missing = await driver.call("GET", f"/statements/{uuid4()}/lines", by=driver.finance)
    assert missing.is_problem(404, "unknown_statement")


async def test_a_file_that_does_not_add_up_is_refused_with_the_line_and_nothing_is_stored(bank: Bank) -> None:
    for number in range(3):
        bank.receives(f"TRSF {number}")
    refused = await bank.try_upload(bca(bank.sheet().with_row(1, amount=Decimal("150001.00"))))
    assert refused.is_problem(422, "statement_does_not_add_up")
    assert (refused.body["line"], refused.body["expected"], refused.body["found"]) == (8, "1300001.00", "1300000.00")
    assert "line 8" in refused.body["detail"]
    assert await bank.driver.rows("SELECT id FROM statements") == []


@pytest.mark.parametrize(
    ("file", "code"),
    [("a,b\n1,2\n", "unknown_format"), (b"PK\x03\x04[Content_Types].xml", "not_plain_text"), ("", "unknown_format")],
)
async def test_other_files_are_refused_by_name(bank: Bank, file: str | bytes, code: str) -> None:
    assert (await bank.try_upload(file)).is_problem(422, code)


async def test_a_statement_in_another_currency_or_of_another_account_is_refused(bank: Bank) -> None:
    bank.receives("TRSF BUDI")
    dollars = bca(bank.sheet()).replace("Kode Mata Uang : Rp", "Kode Mata Uang : USD")
    refused = await bank.try_upload(dollars)
    assert refused.is_problem(422, "other_currency")
    assert refused.body["found"] == "USD"
    assert (await bank.try_upload(account="999")).is_problem(422, "other_account")


async def test_wrong_fields_are_named(driver: PaymentDriver, bank: Bank) -> None:
    bank.receives("TRSF BUDI")
    assert (await bank.try_upload(account="no digits")).wrong_fields == ["account"]
    assert (await bank.try_upload(mapping="x")).wrong_fields == ["mapping"]
    empty = await driver.call("POST", "/statements", by=driver.finance, data={"account": ACCOUNT})
    assert empty.wrong_fields == ["file"]
    two = {"file": ("a.csv", b"x", "text/csv"), "other": ("b.csv", b"x", "text/csv")}
    assert (await driver.call("POST", "/statements", by=driver.finance, files=two)).wrong_fields == ["other"]


async def test_a_file_up_to_five_megabytes_is_read(bank: Bank) -> None:
    assert (await bank.try_upload(b"a" * (5 * 1024 * 1024))).is_problem(422, "unknown_format")
    assert (await bank.try_upload(b"a" * (5 * 1024 * 1024 + 1))).is_problem(413, "payload_too_large")
    assert (await bank.try_upload(b"a" * (6 * 1024 * 1024))).is_problem(413, "payload_too_large")


async def test_other_roles_may_not_upload(driver: PaymentDriver, bank: Bank) -> None:
    bank.receives("TRSF BUDI")
    for role in set(Role) - {Role.OWNER, Role.ADMIN, Role.FINANCE}:
        assert (await bank.try_upload(by=driver.staff(role))).status == 403
    assert (await bank.try_upload(by=driver.runner(uuid4()))).status == 403
    assert await bank.states() == []
