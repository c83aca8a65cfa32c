"""What is asked of the database for the runner's status page, for a look-alike, and for the payment of a charge."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from payment.charges.given_back import payment_of
from payment.proofs.tables import Payment
from payment.review.lookalikes import looks_like
from sqlalchemy import event

from .payment_driver import PaymentDriver
from .refund_driver import RefundDesk


@contextmanager
def selects(driver: PaymentDriver) -> Iterator[list[str]]:
    """Collect the queries that are executed inside the block."""
    found: list[str] = []

    def listen(_: Any, __: Any, statement: str, *___: Any) -> None:
        if statement.lstrip().startswith(("SELECT", "WITH")):
            found.append(statement)

    engine = driver.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", listen)
    try:
        yield found
    finally:
        event.remove(engine, "before_cursor_execute", listen)


async def test_an_invoice_is_shown_with_two_queries_and_its_refunds_with_a_third(driver: PaymentDriver) -> None:
    # given
    entry, payment = await driver.register_and_pay()
    # when
    with selects(driver) as asked:
        shown = await driver.invoice(entry)
    # then
    assert len(asked) == 2, asked
    assert (shown["payable_amount"], shown["usdt_asked"], shown["has_charges"]) == (None, False, False)
    assert shown["refunds"] == []
    await RefundDesk(driver).ask(payment, "50000.00")
    with selects(driver) as asked:
        assert len((await driver.invoice(entry))["refunds"]) == 1
    assert len(asked) == 3, asked


async def test_a_picture_without_its_hash_is_not_compared_with_others(driver: PaymentDriver) -> None:
    _, payment_id = await driver.register_and_upload()
    async with driver.database.read() as session:
        payment = await session.get_one(Payment, payment_id)
        with selects(driver) as asked:
            assert await looks_like(session, payment) == []
    assert len(asked) == 1, asked


async def test_the_payment_of_a_charge_is_found_by_indexes(driver: PaymentDriver) -> None:
    # given
    _, payment = await driver.register_and_pay()
    await driver.execute("DROP INDEX uq_payments_registration_id_live")
    await driver.execute(
        "INSERT INTO payments SELECT (jsonb_populate_record(payments, jsonb_build_object("
        " 'id', gen_random_uuid(), 'payment_proof_path', n::text))).* FROM payments, generate_series(1, 5000) AS n"
        " WHERE id = :id",
        id=payment,
    )
    await driver.execute("ANALYZE payments")
    # when
    query = payment_of(UUID(int=1)).compile(
        dialect=driver.database.engine.dialect, compile_kwargs={"literal_binds": True}
    )
    plan = "\n".join(str(row["QUERY PLAN"]) for row in await driver.rows(f"EXPLAIN {query}"))
    # then
    assert "uq_payments_source" in plan, plan
    assert "Seq Scan on payments" not in plan, plan
