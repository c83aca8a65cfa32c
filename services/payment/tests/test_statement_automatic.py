"""Lines that are sure are accepted without a person if the settings say so; all others wait for one."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from chassis.database import Database
from contracts import PaymentVerified
from payment.ledger.consistency import wrong_bookings
from payment.statements import accepting, importing
from payment.statements.accepting import accept_sure_lines, go_on_accepting
from structlog.testing import capture_logs

from .payment_driver import NO_VERIFIER, PRICE, PaymentDriver
from .statement_driver import JAKARTA, Bank


@pytest.fixture
async def bank(driver: PaymentDriver) -> Bank:
    await driver.change_settings(statement_auto_accept=True)
    return Bank(driver)


async def decided(bank: Bank, imported: dict[str, Any]) -> list[tuple[str, str]]:
    return [(line["reason"], line["state"]) for line in await bank.lines(imported)]


async def test_only_what_is_sure_is_accepted_with_its_reason(driver: PaymentDriver, bank: Bank) -> None:
    # given
    named, other = await driver.register(payer="Siti Rahayu"), await driver.register(payer="Agus Salim")
    (confirmed, proof) = await driver.register_and_pay(payer="Dewi Lestari")
    bank.receives_for(named, confirmed)
    bank.receives("TRSF AGUS SALIM")
    bank.receives(f"TRSF {other.number}", Decimal("149000.00"))
    bank.receives("SETORAN", Decimal("777000.00"))
    await driver.forget_published()
    # when
    imported = await bank.upload()
    # then
    assert (imported["matched"], imported["accepted"], imported["proposed"], imported["unknown"]) == (2, 2, 2, 1)
    assert await decided(bank, imported) == [
        ("number_and_amount", "matched"),
        ("confirms_payment", "matched"),
        ("same_amount_and_payer", "open"),
        ("other_amount", "open"),
        ("nothing", "open"),
    ]
    [verified] = await driver.published_payloads(PaymentVerified)
    assert (verified.registration_id, verified.verified_by) == (named.id, NO_VERIFIER)
    first, second, *_ = await bank.lines(imported)
    assert first["payment_id"] == str(verified.payment_id)
    assert second["payment_id"] == str(proof)
    assert {first["decided_by"], second["decided_by"]} == {str(NO_VERIFIER)}
    assert await bank.balances() == {"bank": "300000.00", "runners": "-300000.00"}
    # and the audit log says why
    entry = (await driver.rows("SELECT actor, details FROM audit_log WHERE action = 'line.matched' ORDER BY id"))[0]
    assert (entry["actor"], entry["details"]["reason"], entry["details"]["tier"]) in {
        ("system", "number_and_amount", 2),
        ("system", "confirms_payment", 2),
    }
    async with driver.database.read() as session:
        assert await wrong_bookings(session) == []


async def test_a_transfer_with_its_own_amount_is_accepted(driver: PaymentDriver, bank: Bank) -> None:
    # given
    await driver.change_settings(
        bank_name="BCA", account_number="1370012345678", account_holder_name="Panitia", statement_auto_accept=True
    )
    entry = await driver.register()
    path = f"/invoices/{entry.id}/transfer"
    asked = (await driver.call("POST", path, by=driver.runner(entry.id))).require(200)
    bank.receives("TRSF TANPA BERITA", Decimal(asked["payable_amount"]))
    # when
    imported = await bank.upload()
    # then
    assert (imported["matched"], imported["accepted"]) == (1, 1)
    assert await decided(bank, imported) == [("unique_amount", "matched")]
    assert (await driver.invoice(entry))["status"] == "paid"
    [verified] = await driver.published_payloads(PaymentVerified)
    assert verified.amount == PRICE


async def test_a_second_transfer_for_one_registration_waits_for_a_person(driver: PaymentDriver, bank: Bank) -> None:
    entry = await driver.register()
    bank.receives_for(entry, entry)
    imported = await bank.upload()
    assert (imported["matched"], imported["accepted"]) == (2, 1)
    assert await bank.states() == ["matched", "open"]
    assert await bank.kept() == []


async def test_with_the_setting_off_nothing_is_accepted(driver: PaymentDriver, bank: Bank) -> None:
    await driver.change_settings(statement_auto_accept=False)
    bank.receives_for(await driver.register())
    imported = await bank.upload()
    assert (imported["matched"], imported["accepted"]) == (1, 0)
    assert await bank.states() == ["open"]
    assert await go_on_accepting(driver.database, JAKARTA) == 0
    assert await bank.states() == ["open"]


async def test_what_an_import_has_no_time_for_is_accepted_by_the_worker(
    driver: PaymentDriver, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(accepting, "_AT_ONCE", 2)
    monkeypatch.setattr(importing, "_SECONDS_TO_ACCEPT", -1.0)
    bank.receives_for(*[await driver.register() for _ in range(5)])
    imported = await bank.upload()
    assert (imported["matched"], imported["accepted"]) == (5, 0)
    path = f"/statements/{imported['statement_id']}"
    assert (await driver.call("GET", path, by=driver.finance)).require(200)["accepting"] is True
    # when it is switched off meanwhile, nothing more is accepted
    await driver.change_settings(statement_auto_accept=False)
    assert await go_on_accepting(driver.database, JAKARTA) == 0
    assert await bank.states() == ["open"] * 5
    # when
    await driver.change_settings(statement_auto_accept=True)
    assert await go_on_accepting(driver.database, JAKARTA) == 1
    # then
    assert await bank.states() == ["matched"] * 5
    assert (await driver.call("GET", path, by=driver.finance)).require(200)["accepting"] is False
    assert await go_on_accepting(driver.database, JAKARTA) == 0


async def test_a_statement_that_fails_keeps_no_other_from_being_accepted(
    driver: PaymentDriver, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given two statements that wait, of which the earlier one fails
    monkeypatch.setattr(importing, "_SECONDS_TO_ACCEPT", -1.0)
    statements = []
    for _ in range(2):
        bank.receives_for(await driver.register())
        statements.append(UUID((await bank.upload())["statement_id"]))
        driver.clock.advance(timedelta(minutes=1))
    tried = []

    async def failing(database: Database, statement_id: UUID, zone: ZoneInfo) -> None:
        tried.append(statement_id)
        if statement_id == statements[0]:
            raise RuntimeError("this one")
        await accept_sure_lines(database, statement_id, zone)

    monkeypatch.setattr(accepting, "accept_sure_lines", failing)
    # when
    with capture_logs() as logs, pytest.raises(RuntimeError, match="this one"):
        await go_on_accepting(driver.database, JAKARTA)
    # then
    assert tried == statements
    assert await bank.states() == ["matched", "open"]
    [failed] = [each for each in logs if each["event"] == "statement_acceptance_failed"]
    assert failed["statement"] == str(statements[0])


async def test_imports_workers_and_people_at_once_pay_each_registration_once(
    driver: PaymentDriver, bank: Bank, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given lines that no one has accepted yet
    monkeypatch.setattr(accepting, "_AT_ONCE", 4)
    monkeypatch.setattr(importing, "_SECONDS_TO_ACCEPT", -1.0)
    entries = [await driver.register() for _ in range(12)]
    bank.receives_for(*entries)
    imported = await bank.upload()
    lines = await bank.lines(imported)
    statement = next(iter({line["statement_id"] for line in lines}))
    # when
    answers = await asyncio.gather(
        *(accept_sure_lines(driver.database, statement, JAKARTA) for _ in range(3)),
        *(bank.try_accept(line["id"], entry) for line, entry in zip(lines, entries, strict=True)),
    )
    # then
    assert {each.status for each in answers if each is not None} <= {200, 409}
    await go_on_accepting(driver.database, JAKARTA)
    assert await bank.states() == ["matched"] * 12
    assert len(await driver.published(PaymentVerified)) == 12
    assert await bank.balances() == {"bank": "1800000.00", "runners": "-1800000.00"}
    assert await bank.kept() == []
