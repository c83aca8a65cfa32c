"""Invoices are found by their amount, the newest first, on the index made for it."""

from datetime import timedelta
from decimal import Decimal

from chassis.auth.principals import Role
from payment.invoices.queries import of_amount
from testkit.clocks import ManualClock

from .payment_driver import PaymentDriver


async def test_an_amount_finds_its_invoices_the_newest_first(driver: PaymentDriver, clock: ManualClock) -> None:
    older = await driver.register(amount=Decimal("150123.00"))
    clock.advance(timedelta(hours=1))
    newer = await driver.register(amount=Decimal("150123.00"))
    await driver.register(amount=Decimal("150124.00"))
    found = await driver.invoices_of("150123")
    assert [each["registration_number"] for each in found] == [newer.number, older.number]
    assert found[0]["status"] == "open"
    assert await driver.invoices_of("150123.5") == []


async def test_at_most_ten_are_listed(driver: PaymentDriver) -> None:
    for _ in range(11):
        await driver.register(amount=Decimal(99))
    assert len(await driver.invoices_of(99)) == 10


async def test_only_those_who_handle_money_search_by_amount(driver: PaymentDriver) -> None:
    for role, status in ((Role.FINANCE, 200), (Role.ADMIN, 200), (Role.VIEWER, 403), (Role.CHECKIN, 403)):
        answer = await driver.call("GET", "/invoices", by=driver.issuer.staff(role), params={"amount": "1"})
        assert answer.status == status, role


async def test_the_search_reads_its_index_and_sorts_nothing(driver: PaymentDriver) -> None:
    entry = await driver.register()
    await driver.execute(
        "INSERT INTO invoices SELECT (jsonb_populate_record(invoices, jsonb_build_object("
        " 'registration_id', gen_random_uuid(), 'amount', n))).* FROM invoices, generate_series(1, 5000) AS n"
        " WHERE registration_id = :id",
        id=entry.id,
    )
    await driver.execute("ANALYZE invoices")
    query = of_amount(Decimal(7)).compile(
        dialect=driver.database.engine.dialect, compile_kwargs={"literal_binds": True}
    )
    plan = "\n".join(str(row["QUERY PLAN"]) for row in await driver.rows(f"EXPLAIN {query}"))
    assert "ix_invoices_amount" in plan, plan
    assert "Sort" not in plan, plan
