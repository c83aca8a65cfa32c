"""Sums of movements, of the facts that they record, and of what statements show."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncSession

from payment.ledger.consistency import BOOKED_BY_NOW
from payment.ledger.rules import Account, account_of
from payment.reconciliation.rules import PAYOUT_AFTER, Facts, Flow
from payment.usdt.pay.worth import TRANSFERS

# Sets of rows are compared by the sums of their hashes: to join a hundred thousand takes many times as long as to read
# them. Only sets that differ are compared row by row. A hash is of an id and an amount, 64 bits wide.
_HASH: Final = "uuid_hash_extended({}, hash_numeric_extended({}, {}))"
_SIGNED: Final = "CASE WHEN debit = 'runners' OR credit = 'rounding' THEN -amount ELSE amount END"
_HASH_OF_MOVEMENT: Final = _HASH.format("payment_id", _SIGNED, "leg")
_BOOKED: Final = "CASE WHEN booked_at_price THEN amount ELSE coalesce(received, amount) END"
_HASH_OF_CAME_IN: Final = _HASH.format("id", _BOOKED, 1)
_HASH_OF_ROUNDING: Final = _HASH.format("id", "amount - received", 2)
_HASH_OF_INVOICE: Final = _HASH.format("registration_id", "amount", 0)

# Nearly all movements are payments: what is asked of few of them has its own query, with an index, or is asked last.
_PAID_OUT: Final = f"('{Account.MIDTRANS}', '{Account.QRIS}')"
_FLOWS: Final = text(f"""
    SELECT debit, credit, currency, sum(amount) AS amount,
           coalesce(sum(amount) FILTER (WHERE debit IN {_PAID_OUT} AND occurred_at < :old), 0) AS old,
           coalesce(sum({_HASH_OF_MOVEMENT}) FILTER (WHERE kind IN ('payment', 'assignment', 'rounding')), 0) AS hash
      FROM movements GROUP BY debit, credit, currency
""")  # noqa: S608  # constants of ours, here and below
_BY_CHARGES: Final = text("""
    SELECT debit, credit, currency, sum(amount) AS amount FROM movements
     WHERE kind IN ('refund', 'reversal', 'chargeback', 'fee') AND source LIKE 'charge:%'
     GROUP BY debit, credit, currency
""")
_VERIFIED: Final = text(f"""
    SELECT channel, payment_method, source LIKE 'money:%' AS kept_before, currency, sum(amount) AS amount,
           sum(coalesce(received, amount)) AS received, sum({_HASH_OF_INVOICE}) AS invoice_hash,
           sum({_HASH_OF_CAME_IN}) + coalesce(sum({_HASH_OF_ROUNDING}), 0) AS hash
      FROM payments WHERE status = 'verified' AND (booked OR verified_at < {BOOKED_BY_NOW})
     GROUP BY channel, payment_method, kept_before, currency
""")  # noqa: S608
_PAID: Final = text(f"""
    SELECT coalesce(sum({_HASH_OF_INVOICE}), 0) FROM invoices WHERE status = 'paid' AND amount > 0
""")  # noqa: S608
_OTHERS: Final = text(f"""
    SELECT 'runners' AS account, currency, -sum(amount) AS amount
      FROM (SELECT (SELECT currency FROM payments WHERE id = payment_id), amount FROM refunds
             WHERE done_at IS NOT NULL AND (booked OR done_at < {BOOKED_BY_NOW})) AS done GROUP BY currency
    UNION ALL
    SELECT kind, currency, sum(CASE state WHEN 'refunded' THEN gone_back ELSE amount END)
      FROM unassigned_money WHERE state <> 'assigned' GROUP BY 1, 2
    UNION ALL
    SELECT 'midtrans', currency, sum(amount) FROM unassigned_money WHERE channel = 'midtrans' GROUP BY currency
    UNION ALL
    SELECT 'midtrans', m.currency, -sum(r.amount)
      FROM refunds r JOIN movements m ON m.source = 'refund:' || r.id AND m.leg = 1 AND m.credit = 'midtrans'
     WHERE m.kind = 'refund'
     GROUP BY m.currency
    UNION ALL
    SELECT 'midtrans', m.currency, -sum(u.amount - u.gone_back)
      FROM unassigned_money u JOIN movements m ON m.source = 'money:' || u.id AND m.leg = 2 AND m.credit = 'midtrans'
     WHERE m.kind = 'refund'
     GROUP BY m.currency
    UNION ALL
    SELECT payout_channel, 'IDR', -sum(amount + payout_fee) FROM statement_lines WHERE state = 'payout' GROUP BY 1
""")  # noqa: S608
_LINES: Final = text("""
    SELECT 'bank' AS account, currency, coalesce(sum(lines.amount), 0) AS amount, min(first_day) AS first_day
      FROM (SELECT statement_id, min(booked_on) AS first_day, sum(amount) FILTER (
                       WHERE state IN ('matched', 'kept', 'payout', 'open')
                          OR refund_id IS NOT NULL OR money_id IS NOT NULL) AS amount
              FROM statement_lines GROUP BY statement_id) AS lines
      JOIN statements ON statements.id = statement_id GROUP BY currency
""")
_HAS_TRANSFERS: Final = text("SELECT EXISTS (SELECT FROM blockchain_transactions)")
_ON_CHAINS: Final = text(f"""
    SELECT 'usdt' AS account, 'IDR' AS currency, coalesce(sum(worth), 0) AS amount
      FROM ({TRANSFERS} AND t.state = 'confirmed') AS confirmed
    UNION ALL
    SELECT 'usdt', currency, -sum(amount) FROM movements WHERE kind = 'refund' AND credit = 'usdt' GROUP BY currency
""")  # noqa: S608


@dataclass(frozen=True)
class Figures:
    """Sums of movements and facts.

    Attributes:
        facts: what those of an account add up to; of the bank, the lines of statements but those that are ignored; of
            USDT, confirmed transfers at the rates that were quoted, less what was sent back.
        first_day: of all statements; None if none was uploaded.
        booked_as_paid: whether the ledger has every payment as it is, and no other.
        paid_by_payments: whether every paid invoice has its payment, and every payment a paid invoice.
    """

    flows: Sequence[Flow]
    facts: Facts
    first_day: date | None
    booked_as_paid: bool
    paid_by_payments: bool

    @property
    def has_usdt(self) -> bool:
        """Return whether any USDT came in or was booked."""
        booked = any(Account.USDT in {each.debit, each.credit} for each in self.flows)
        return booked or any(account == Account.USDT for account, _ in self.facts)


async def read_figures(session: AsyncSession, *, now: datetime) -> Figures:
    """Return the sums of movements between each two accounts, of what they record, and whether both are the same."""
    moved = (await session.execute(_FLOWS, {"old": now - PAYOUT_AFTER})).all()
    by_charges = {(row.debit, row.credit, row.currency): row.amount for row in await session.execute(_BY_CHARGES)}
    verified = (await session.execute(_VERIFIED)).all()
    paid = (await session.execute(_PAID)).scalar_one()
    lines = (await session.execute(_LINES)).all()
    others = [*(await session.execute(_OTHERS)).all(), *lines, *await _on_chains(session)]
    return Figures(
        flows=[_flow(row, by_charges) for row in moved],
        facts=_facts(verified, others),
        first_day=min((row.first_day for row in lines), default=None),
        booked_as_paid=sum(row.hash for row in moved) == sum(row.hash for row in verified),
        paid_by_payments=paid == sum(row.invoice_hash for row in verified),
    )


async def _on_chains(session: AsyncSession) -> Sequence[Row[Any]]:
    if not (await session.execute(_HAS_TRANSFERS)).scalar_one():
        return ()
    return (await session.execute(_ON_CHAINS)).all()


def _flow(row: Row[Any], by_charges: Mapping[tuple[str, str, str], Decimal]) -> Flow:
    way = (row.debit, row.credit, row.currency)
    return Flow(*way, amount=row.amount, old=row.old, by_charges=by_charges.get(way, Decimal(0)))


def _facts(verified: Iterable[Row[Any]], others: Iterable[Row[Any]]) -> Facts:
    sums: defaultdict[tuple[str, str], Decimal] = defaultdict(Decimal)
    for row in verified:
        sums[Account.RUNNERS, row.currency] += row.amount
        arrived = account_of(row.channel, row.payment_method)
        # What was kept before it was assigned is counted as kept money, and USDT as transfers.
        if arrived not in {Account.BANK, Account.USDT} and not row.kept_before:
            sums[arrived, row.currency] += row.received
    for row in others:
        sums[row.account, row.currency] += row.amount
    return dict(sums)
