"""The financial report and the ledger: every way to group it adds up to the same accounts, to the rupiah."""

import random
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from chassis.auth.principals import Role
from contracts import RegistrationType
from payment.ledger.commands import record
from payment.ledger.rules import Account, Entry, Kind
from payment.reports.queries import GroupBy

from .midtrans_driver import Gateway
from .payment_driver import PRICE, PaymentDriver
from .payment_events import Entry as Registration
from .payment_events import Race
from .reconciling import Books

IN, OUT = (Kind.PAYMENT, Kind.ASSIGNMENT), (Kind.REFUND, Kind.REVERSAL, Kind.CHARGEBACK)
PLACES = (Account.BANK, Account.MIDTRANS, Account.QRIS)


@pytest.fixture
def books(driver: PaymentDriver) -> Books:
    return Books(driver)


async def report(driver: PaymentDriver, **params: Any) -> dict[str, Any]:
    answer = await driver.call("GET", "/reports/financial", by=driver.finance, params=params)
    body: dict[str, Any] = answer.require(200)
    return body


async def registered(driver: PaymentDriver, race: Race, **price: Any) -> Registration:
    """Return a registration whose event says what its amount comes from."""
    entry = driver.new_entry(race=race)
    await driver.deliver(entry.created().model_copy(update=price))
    return entry


def a_movement(chance: random.Random, registration: Registration, number: int, *, at: Any) -> list[Entry]:
    """Return the movements of something that happens to money."""
    amount, place = Decimal(chance.randrange(1, 1_000_000)), chance.choice(PLACES)
    into, back = chance.choice(IN), chance.choice(OUT)
    ways = {
        "in": (1, into, chance.choice([place, Account.SURPLUS]), Account.RUNNERS),
        "less": (2, Kind.ROUNDING, Account.ROUNDING, Account.RUNNERS),
        "more": (2, Kind.ROUNDING, Account.RUNNERS, Account.ROUNDING),
        "back": (1, back, Account.RUNNERS, place),
        "fee": (2, Kind.FEE, Account.FEES, chance.choice(PLACES[1:])),
        "payout": (1, Kind.PAYOUT, Account.BANK, chance.choice(PLACES[1:])),
        "kept": (1, Kind.UNKNOWN, place, Account.UNKNOWN),
        "kept_back": (2, Kind.REFUND, Account.SURPLUS, Account.BANK),
    }
    leg, kind, debit, credit = ways[chance.choice(list(ways))]
    is_of_one = kind not in {Kind.FEE, Kind.PAYOUT}
    return [
        Entry(
            source=f"test:{number}",
            leg=leg,
            kind=kind,
            debit=debit,
            credit=credit,
            amount=amount,
            currency=chance.choice(["IDR", "IDR", "USD"]),
            occurred_at=at - timedelta(hours=chance.randrange(400)),
            registration_id=registration.id if is_of_one else None,
        )
    ]


@pytest.mark.parametrize("seed", range(3))
async def test_every_grouping_adds_up_to_the_accounts_of_the_ledger(driver: PaymentDriver, seed: int) -> None:
    # given
    chance, race = random.Random(seed), Race()
    races = [race, replace(race, category_id=uuid4(), category="10K", kind=RegistrationType.COLLECTIVE_5), Race()]
    phases = [{}, {"price_phase": "Early", "list_amount": PRICE}, {"price_phase": "Late", "list_amount": PRICE}]
    entries = [await registered(driver, chance.choice(races), **chance.choice(phases)) for _ in range(12)]
    async with driver.database.work() as work:
        for number in range(300):
            await record(work, *a_movement(chance, chance.choice(entries), number, at=work.now))
    answer = await driver.call("GET", "/ledger/balances", by=driver.finance)
    balances = {
        (each["account"], each["currency"]): Decimal(each["balance"]) for each in answer.require(200)["accounts"]
    }
    # then
    for group_by in GroupBy:
        shown = await report(driver, group_by=group_by)
        for total in shown["totals"]:
            figures = {
                name: Decimal(total[name])
                for name in ("gross", "discounts", "received", "rounding", "fees", "refunds", "net")
            }
            of = {account: balances.get((account, total["currency"]), Decimal(0)) for account in Account}
            assert figures["net"] == -(of[Account.RUNNERS] + of[Account.FEES] + of[Account.ROUNDING]), group_by
            assert figures["fees"] == of[Account.FEES]
            assert figures["rounding"] == -of[Account.ROUNDING]
            assert figures["received"] - figures["refunds"] == -of[Account.RUNNERS]
            assert figures["gross"] == figures["received"] + figures["discounts"]
            rows = [item for item in shown["items"] if item["currency"] == total["currency"]]
            assert all(sum(Decimal(row[name]) for row in rows) == figures[name] for name in figures)
            assert sum(row["payments"] for row in rows) == total["payments"]
    # and each race alone, with what is of no registration, is all of it
    alone = [await report(driver, event_id=each) for each in {one.event_id for one in races}]
    received = sum(Decimal(total["received"]) for one in alone for total in one["totals"])
    assert received == sum(Decimal(total["received"]) for total in (await report(driver))["totals"])
    assert all(total["fees"] == "0.00" for one in alone for total in one["totals"])


async def test_discounts_and_phases_are_those_of_the_registrations_that_were_paid(driver: PaymentDriver) -> None:
    # given
    race = Race()
    price = {"list_amount": PRICE + 50_000, "discount": Decimal(50_000), "promo_code": "LARI", "price_phase": "Early"}
    paid, unpaid = await registered(driver, race, **price), await registered(driver, race, **price)
    await driver.verify(await driver.upload_proof(paid))
    await driver.verify(await driver.upload_proof(await registered(driver, race)))
    # then
    rows = {item["key"]: item for item in (await report(driver, group_by="phase"))["items"]}
    early = rows["Early"]
    assert (early["gross"], early["discounts"], early["received"]) == ("200000.00", "50000.00", "150000.00")
    assert (rows["regular"]["gross"], rows["regular"]["discounts"]) == ("150000.00", "0.00")
    assert (rows["regular"]["label"], set(rows)) == (None, {"Early", "regular"})
    found = {each["registration_id"]: each for each in await driver.invoices_of(PRICE)}
    assert {name: found[str(unpaid.id)][name] for name in price} == {
        "list_amount": "200000.00",
        "discount": "50000.00",
        "promo_code": "LARI",
        "price_phase": "Early",
    }


async def test_the_regular_price_is_neither_what_is_of_no_registration_nor_a_phase_of_that_name(
    driver: PaymentDriver, gateway: Gateway, books: Books
) -> None:
    # given
    await gateway.pay(await gateway.charge(await driver.register()))
    await gateway.ask()
    phase = {"list_amount": PRICE, "price_phase": "regular"}
    await driver.verify(await driver.upload_proof(await registered(driver, Race(), **phase)))
    await books.payout("148950.00", "1050.00")
    # then
    items = (await report(driver, group_by="phase"))["items"]
    assert [(each["key"], each["label"], each["received"], each["fees"]) for each in items] == [
        ("regular", "regular", "150000.00", "0.00"),
        ("regular", None, "150000.00", "0.00"),
        (None, None, "0.00", "1050.00"),
    ]


async def test_an_invoice_of_an_older_release_learns_its_price_later(driver: PaymentDriver) -> None:
    entry = await driver.register()
    later = entry.created().model_copy(update={"list_amount": PRICE, "discount": Decimal(0), "price_phase": "Early"})
    await driver.deliver(later)
    [found] = await driver.invoices_of(PRICE)
    assert (found["list_amount"], found["price_phase"]) == ("150000.00", "Early")


async def test_fees_of_payouts_are_of_their_channel_and_of_no_registration(
    driver: PaymentDriver, gateway: Gateway, books: Books
) -> None:
    # given
    await gateway.pay(await gateway.charge(await driver.register()))
    await gateway.ask()
    await driver.register_and_pay()
    await books.payout("148950.00", "1050.00")
    # then
    channels = {item["key"]: item for item in (await report(driver, group_by="channel"))["items"]}
    assert (channels["midtrans"]["received"], channels["midtrans"]["fees"]) == ("150000.00", "1050.00")
    assert (channels["bank"]["received"], channels["bank"]["fees"]) == ("150000.00", "0.00")
    types = {item["key"]: item for item in (await report(driver, group_by="type"))["items"]}
    assert (types[None]["fees"], types[None]["payments"], types[None]["net"]) == ("1050.00", 0, "-1050.00")
    [total] = (await report(driver))["totals"]
    assert (total["received"], total["fees"], total["net"]) == ("300000.00", "1050.00", "298950.00")


async def test_only_finance_sees_the_report(driver: PaymentDriver) -> None:
    for role, status in ((Role.FINANCE, 200), (Role.VIEWER, 403)):
        answer = await driver.call("GET", "/reports/financial", by=driver.staff(role))
        assert answer.status == status
