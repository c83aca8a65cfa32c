"""How a reconciliation reads: what is rare among movements and lines is found by indexes."""

import pytest
from payment.ledger.consistency import _WRONG_OTHERS
from payment.reconciliation.figures import _BY_CHARGES, _OTHERS
from sqlalchemy import TextClause

from .payment_driver import PaymentDriver

_MOVEMENTS = """
    INSERT INTO movements (source, leg, kind, debit, credit, amount, currency, occurred_at, recorded_at)
    SELECT 'payment:' || n, 1, 'payment', 'bank', 'runners', 1, 'IDR', now(), now() FROM generate_series(1, 5000) AS n
"""
_LINES = """
    WITH statement AS (
        INSERT INTO statements (id, format, currency, lines, credits, sha256, uploaded_by, uploaded_at)
        VALUES (gen_random_uuid(), 'bca_csv', 'IDR', 5000, 5000, repeat('0', 64), gen_random_uuid(), now()) RETURNING id
    )
    INSERT INTO statement_lines (id, statement_id, number, booked_on, amount, text, fingerprint, state, tier, kind,
                                 reason, facts, proposed)
    SELECT gen_random_uuid(), statement.id, n, '2026-08-03', 1, 'X', n, 'open', 7, 'unknown', 'nothing', '{}', '[]'
      FROM statement, generate_series(1, 5000) AS n
"""


@pytest.fixture
async def books(driver: PaymentDriver) -> PaymentDriver:
    """Return the driver of thousands of payments and of lines that wait."""
    for rows, table in ((_MOVEMENTS, "movements"), (_LINES, "statement_lines")):
        await driver.execute(rows)
        await driver.execute(f"ANALYZE {table}")
    return driver


async def plan_of(driver: PaymentDriver, query: TextClause) -> str:
    rows = await driver.rows(f"EXPLAIN {query.text}")
    return "\n".join(str(row["QUERY PLAN"]) for row in rows)


async def test_reports_about_charges_are_found_among_all_movements(books: PaymentDriver) -> None:
    plan = await plan_of(books, _BY_CHARGES)
    assert "ix_movements_others" in plan, plan


@pytest.mark.parametrize("query", [_OTHERS, _WRONG_OTHERS])
async def test_payouts_are_found_among_all_lines(books: PaymentDriver, query: TextClause) -> None:
    plan = await plan_of(books, query)
    assert "ix_statement_lines_payouts" in plan, plan
    assert "Seq Scan on movements" not in plan, plan
