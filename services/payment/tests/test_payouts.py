"""Lines of statements that are payouts, or show money that was sent back."""

import asyncio
from decimal import Decimal
from uuid import UUID, uuid4

import pytest
from payment.ledger.consistency import wrong_bookings
from payment.statements.rules import LARGEST_AMOUNT, LineState
from payment.statements.tables import StatementLine
from sqlalchemy import update

from .midtrans_driver import Gateway
from .payment_driver import PRICE, PaymentDriver
from .reconciling import Books
from .statement_driver import JAKARTA

CALLS = 8


@pytest.fixture
def books(driver: PaymentDriver) -> Books:
    return Books(driver)


async def wrong(driver: PaymentDriver) -> list[str]:
    async with driver.database.read() as session:
        return [each.source for each in await wrong_bookings(session)]


async def test_a_payout_moves_what_the_gateway_held_and_its_fee(
    driver: PaymentDriver, gateway: Gateway, books: Books
) -> None:
    # given
    entry = await driver.register()
    await gateway.pay(await gateway.charge(entry))
    await gateway.ask()
    assert await books.bank.balances() == {"midtrans": "150000.00", "runners": "-150000.00"}
    # when
    line = await books.payout("148950.00", "1050.00")
    # then
    assert await books.bank.balances() == {
        "bank": "148950.00",
        "fees": "1050.00",
        "midtrans": "0.00",
        "runners": "-150000.00",
    }
    legs = [each for each in await books.movements() if each["source"] == f"line:{line}"]
    assert [(each["leg"], each["kind"], each["debit"], each["credit"]) for each in legs] == [
        (1, "payout", "bank", "midtrans"),
        (2, "fee", "fees", "midtrans"),
    ]
    assert await books.bank.states() == ["payout"]
    [moved] = await driver.rows(
        "SELECT occurred_at FROM movements WHERE source = :source AND leg = 1", source=f"line:{line}"
    )
    assert moved["occurred_at"].astimezone(JAKARTA).date() == books.bank.today
    assert await wrong(driver) == []
    assert await books.differences() == []


async def test_a_payout_without_a_fee_is_one_movement(driver: PaymentDriver, books: Books) -> None:
    entry = await driver.register()
    await driver.verify(await driver.upload_proof(entry, payment_method="qris"))
    await books.payout("150000.00", "0.00", "qris")
    assert await books.bank.balances() == {"bank": "150000.00", "qris": "0.00", "runners": "-150000.00"}
    assert await wrong(driver) == []


async def test_a_payout_of_nonsense_is_refused_and_nothing_is_booked(books: Books) -> None:
    books.bank.receives("CR MIDTRANS", Decimal("1000.00"))
    books.bank.receives("DB", Decimal("-1000.00"))
    books.bank.receives("CR", LARGEST_AMOUNT + 1)
    incoming, outgoing, large = await books.bank.uploaded_lines()
    assert (await books.try_payout(uuid4())).is_problem(404, "unknown_statement_line")
    too_much = await books.try_payout(incoming, fee="1000.01")
    assert (too_much.is_problem(422, "invalid_fields"), too_much.wrong_fields) == (True, ["fee"])
    assert (await books.try_payout(outgoing, fee="0.00")).is_problem(409, "line_decided")
    assert (await books.try_payout(large)).is_problem(409, "line_too_large")
    for wrong_body in ({"channel": "bank"}, {"channel": "midtrans", "fee": "-1.00"}):
        assert (await books.try_payout(incoming, **wrong_body)).is_problem(422, "invalid_fields")
    (await books.bank.try_ignore(incoming)).require(204)
    assert (await books.try_payout(incoming)).is_problem(409, "line_decided")
    assert await books.movements() == []


async def test_a_line_is_a_payout_or_something_else_however_many_decide_at_once(books: Books) -> None:
    for _ in range(3):
        books.bank.receives("CR MIDTRANS")
        [line] = await books.bank.uploaded_lines()
        calls = [books.try_payout(line) if turn % 2 else books.bank.try_keep(line) for turn in range(CALLS)]
        answers = await asyncio.gather(*calls)
        assert sorted(each.status for each in answers) == [204] + [409] * (CALLS - 1)
    kept = (await books.bank.states()).count("kept")
    assert len([each for each in await books.movements() if each["kind"] in {"unknown", "payout"}]) == 3
    assert len(await books.bank.kept()) == kept


async def test_without_the_condition_on_the_state_all_of_them_would_decide(driver: PaymentDriver, books: Books) -> None:
    """The negative control."""
    books.bank.receives("CR MIDTRANS")
    [line] = await books.bank.uploaded_lines()
    met = asyncio.Barrier(CALLS)

    async def decide() -> bool:
        async with driver.database.work() as work:
            found = await work.session.get_one(StatementLine, line)
            was_open = found.state == LineState.OPEN
            await met.wait()
            await work.session.execute(
                update(StatementLine)
                .where(StatementLine.id == line)
                .values(state="ignored", ignore_reason="x", decided_at=work.now, decided_by=uuid4())
            )
            return was_open

    assert sum(await asyncio.gather(*(decide() for _ in range(CALLS)))) == CALLS


async def refunded(driver: PaymentDriver) -> tuple[UUID, UUID]:
    """Return a payment that was sent back, and its refund."""
    entry, payment = await driver.register_and_pay()
    await driver.deliver(entry.cancelled(refund=payment))
    await driver.mark_refunded(payment, "BCA 7")
    [refund] = await driver.refunds()
    return payment, UUID(refund["refund_id"])


async def test_an_outgoing_line_is_the_transfer_of_a_refund(driver: PaymentDriver, books: Books) -> None:
    # given
    _, refund = await refunded(driver)
    line = await books.sends_back()
    # when
    (await books.try_link(line, refund_id=refund)).require(204)
    # then
    assert await driver.scalar("SELECT refund_id FROM statement_lines") == refund
    assert await books.bank.states() == ["outgoing"]
    assert (await books.try_link(line, refund_id=refund)).is_problem(409, "refund_has_line")
    other = await books.sends_back()
    assert (await books.try_link(other, refund_id=refund)).is_problem(409, "refund_has_line")
    assert await books.bank.balances() == {"bank": "0.00", "runners": "0.00"}
    assert [row["action"] for row in await driver.rows("SELECT action FROM audit_log WHERE action LIKE 'line.%'")] == [
        "line.given_back"
    ]


async def test_a_line_shows_only_what_was_sent_back_from_the_bank(driver: PaymentDriver, books: Books) -> None:
    entry, payment = await driver.register_and_pay()
    await driver.deliver(entry.cancelled(refund=payment))
    [refund] = await driver.refunds()
    books.bank.receives("CR")
    books.bank.receives("DB", -PRICE - 1)
    incoming, other = await books.bank.uploaded_lines()
    refund_id = UUID(refund["refund_id"])
    assert (await books.try_link(other, refund_id=refund_id)).is_problem(409, "refund_not_done")
    await driver.mark_refunded(payment, "BCA 7")
    answer = await books.try_link(other, refund_id=refund_id)
    assert (answer.is_problem(409, "not_the_amount"), answer.body["amount"]) == (True, "150000.00")
    assert (await books.try_link(incoming, refund_id=refund_id)).is_problem(409, "line_decided")
    assert (await books.try_link(uuid4(), refund_id=refund_id)).is_problem(404, "unknown_statement_line")
    assert (await books.try_link(other, refund_id=uuid4())).is_problem(404, "unknown_refund")
    assert (await books.try_link(other, money_id=uuid4())).is_problem(404, "unknown_money")
    for both in ({}, {"refund_id": refund_id, "money_id": refund_id}):
        assert (await books.try_link(other, **both)).is_problem(422, "invalid_fields")


async def test_kept_money_that_went_back_has_its_line(driver: PaymentDriver, books: Books) -> None:
    # given
    books.bank.receives("TRSF TANPA NAMA")
    [line] = await books.bank.uploaded_lines()
    (await books.bank.try_keep(line)).require(204)
    [money] = await books.bank.kept()
    for step, body in (("refund", {"reason": "of no registration"}), ("refunded", {"reference": "BCA 9"})):
        answer = await driver.call("POST", f"/surplus/{money['id']}/{step}", by=driver.finance, json=body)
        answer.require(204)
    # when
    back = await books.sends_back()
    (await books.try_link(back, money_id=UUID(money["id"]))).require(204)
    # then
    assert await books.differences() == []
    assert (await books.channel("bank"))["difference"] == "0.00"
    assert await wrong(driver) == []


async def test_of_lines_that_are_linked_at_once_with_one_refund_one_is(driver: PaymentDriver, books: Books) -> None:
    _, refund = await refunded(driver)
    for _ in range(CALLS):
        books.bank.receives("TRSF E-BANKING DB", -PRICE)
    lines = await books.bank.uploaded_lines()
    answers = await asyncio.gather(*(books.try_link(line, refund_id=refund) for line in lines))
    assert sorted(each.status for each in answers) == [204] + [409] * (CALLS - 1)
    assert {each.code for each in answers if each.status == 409} == {"refund_has_line"}


async def test_the_doctor_finds_a_payout_that_is_booked_otherwise(driver: PaymentDriver, books: Books) -> None:
    line = await books.payout("1000.00", "10.00")
    await driver.execute("ALTER TABLE movements DISABLE TRIGGER movements_stay")
    await driver.execute("DELETE FROM movements WHERE leg = 2")
    assert await wrong(driver) == [f"line:{line}"]
