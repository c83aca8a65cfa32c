"""How the financial report is computed: of one race without the others, and of all races without sorting them."""

from datetime import timedelta
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import pytest
from payment.reports.queries import GroupBy, Period, financial_query
from sqlalchemy import text

from .payment_driver import PaymentDriver

JAKARTA = ZoneInfo("Asia/Jakarta")

_PAID = """
    WITH invoiced AS (
        INSERT INTO invoices (registration_id, registration_number, payer_name, amount, currency, status, expires_at,
                              revision, event_id, category_id, registration_type, created_at, updated_at)
        SELECT gen_random_uuid(), 'X-' || n, 'X', 1, 'IDR', 'paid', now(), 1, gen_random_uuid(), gen_random_uuid(),
               'individual', now(), now() FROM generate_series(1, 5000) AS n RETURNING registration_id
    )
    INSERT INTO movements (source, leg, kind, debit, credit, amount, currency, registration_id, payment_id, occurred_at,
                           recorded_at)
    SELECT 'test:' || registration_id, 2, 'payment', 'bank', 'runners', 1, 'IDR', registration_id, registration_id,
           now() - random() * interval '1 hour', now()
      FROM invoiced
"""


async def plan_of(driver: PaymentDriver, group_by: GroupBy, event_id: UUID | None) -> str:
    """Return the plan of a report, by a server that has little memory for sums."""
    today = driver.clock().astimezone(JAKARTA).date()
    period = Period(JAKARTA, today - timedelta(days=1), today + timedelta(days=1))
    query = financial_query(group_by, event_id, period).compile(
        dialect=driver.database.engine.dialect, compile_kwargs={"render_postcompile": True}
    )
    values = tuple(query.params[name] for name in query.positiontup or ())
    async with driver.database.read() as session:
        await session.execute(text("SET LOCAL work_mem = '64kB'"))
        rows = await (await session.connection()).exec_driver_sql(f"EXPLAIN {query}", values)
        return "\n".join(row[0] for row in rows)


@pytest.fixture
async def paid(driver: PaymentDriver) -> None:
    """Let thousands of registrations of as many races be paid."""
    await driver.execute(_PAID)
    await driver.execute("ANALYZE invoices")
    await driver.execute("ANALYZE movements")


@pytest.mark.usefixtures("paid")
@pytest.mark.parametrize("group_by", list(GroupBy))
async def test_a_report_of_one_race_reads_the_movements_of_no_other(driver: PaymentDriver, group_by: GroupBy) -> None:
    plan = await plan_of(driver, group_by, uuid4())
    assert "ix_invoices_event_id" in plan, plan
    assert "ix_movements_registration_id" in plan, plan
    assert "Seq Scan on movements" not in plan, plan


@pytest.mark.usefixtures("paid")
@pytest.mark.parametrize("group_by", [GroupBy.DAY, GroupBy.CHANNEL])
async def test_a_report_of_all_races_sorts_no_movements(driver: PaymentDriver, group_by: GroupBy) -> None:
    plan = await plan_of(driver, group_by, None)
    assert "HashAggregate" in plan, plan
    assert "Sort" not in plan, plan
