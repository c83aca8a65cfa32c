"""What differs or waits in the channels, found by one statement, and by others if the figures say that they differ.

An arm selects the rows of one or more kinds, with the columns of `_COLUMNS`; `effect` is by how much a row makes what
is expected of its channel larger than what is seen there.
"""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from itertools import groupby
from typing import Any, Final

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncSession

from payment.ledger.consistency import wrong_others, wrong_payments
from payment.ledger.rules import Account
from payment.reconciliation.figures import Figures
from payment.reconciliation.rules import (
    KEPT_AFTER,
    LISTED,
    NOT_SEEN_AFTER,
    NOT_SETTLED_AFTER,
    REFUND_AFTER,
    TAKEN_BACK_FOR,
    UNDECIDED_AFTER,
    UNSETTLED_AFTER,
    WAITING,
    Finding,
    Item,
    ItemKind,
)
from payment.usdt.pay.consistency import wrong_transfers
from payment.usdt.pay.worth import TRANSFERS

_IDS: Final = ("registration_id", "payment_id", "line_id", "money_id", "refund_id", "charge_id")
_COLUMNS: Final = ("kind", "account", "currency", "amount", "effect", "since", *_IDS, "reference")


def _arm(source: str, kind: str, account: str, **columns: str) -> str:
    """Return the SELECT of an arm: `columns` are SQL, those that are not given are null, or 0 for `effect`."""
    values = {"kind": kind, "account": account, "effect": "0", **columns}
    absent = {**dict.fromkeys(_IDS, "NULL::uuid"), "reference": "NULL"}
    chosen = (f"{values.get(name) or absent[name]} AS {name}" for name in _COLUMNS)
    return f"SELECT {', '.join(chosen)} FROM {source}"  # noqa: S608  # constants of ours, here and below


def _seen_or(kind: ItemKind, moved_at: str, paid_at: str) -> str:
    return f"""CASE WHEN CAST(:first AS timestamptz) IS NULL THEN '{ItemKind.NO_STATEMENTS}'
        WHEN {paid_at} < :first THEN '{ItemKind.BEFORE_STATEMENTS}'
        WHEN {moved_at} >= :not_seen THEN '{ItemKind.NOT_YET_IN_STATEMENT}' ELSE '{kind}' END"""


_ARMS: Final = (
    # A refund that was made by hand and reported by the gateway, too, is booked back there: its way is the gateway.
    # Other channels than proofs are found in a statement, or are not at the bank.
    _arm(
        """payments p
        WHERE p.status = 'verified' AND p.channel = 'proof' AND p.payment_method <> 'qris' AND p.booked
          AND NOT EXISTS (SELECT 1 FROM statement_line_payments l WHERE l.payment_id = p.id)""",
        _seen_or(ItemKind.NOT_IN_STATEMENT, "p.verified_at", "p.payment_date"),
        "'bank'",
        currency="p.currency",
        amount="coalesce(p.received, p.amount)",
        effect="coalesce(p.received, p.amount)",
        since="p.verified_at",
        registration_id="p.registration_id",
        payment_id="p.id",
    ),
    _arm(
        """refunds r JOIN movements m ON m.source = 'refund:' || r.id AND m.leg = 1
        WHERE m.kind = 'refund' AND m.credit = 'bank' AND r.way = 'hand'
          AND NOT EXISTS (SELECT 1 FROM statement_lines l WHERE l.refund_id = r.id)""",
        _seen_or(ItemKind.REFUND_NOT_IN_STATEMENT, "m.occurred_at", "m.occurred_at"),
        "'bank'",
        currency="m.currency",
        amount="m.amount",
        effect="-m.amount",
        since="m.occurred_at",
        registration_id="m.registration_id",
        payment_id="r.payment_id",
        refund_id="r.id",
    ),
    _arm(
        """unassigned_money u JOIN movements m ON m.source = 'money:' || u.id AND m.leg = 2
        WHERE u.state = 'refunded' AND m.kind = 'refund' AND m.credit = 'bank'
          AND NOT EXISTS (SELECT 1 FROM statement_lines l WHERE l.money_id = u.id)""",
        _seen_or(ItemKind.REFUND_NOT_IN_STATEMENT, "m.occurred_at", "m.occurred_at"),
        "'bank'",
        currency="m.currency",
        amount="m.amount",
        effect="-m.amount",
        since="m.occurred_at",
        registration_id="u.registration_id",
        money_id="u.id",
    ),
    _arm(
        "statement_lines l JOIN statements s ON s.id = l.statement_id WHERE l.state = 'open'",
        f"CASE WHEN s.uploaded_at < :undecided THEN '{ItemKind.LINE_OPEN}' ELSE '{ItemKind.LINE_NEW}' END",
        "'bank'",
        currency="s.currency",
        amount="l.amount",
        effect="-l.amount",
        since="s.uploaded_at",
        line_id="l.id",
    ),
    _arm(
        "charges c WHERE c.status IN ('asking', 'pending', 'settling') AND c.expires_at < :unsettled",
        f"'{ItemKind.CHARGE_NOT_SETTLED}'",
        "'midtrans'",
        currency="c.currency",
        amount="c.amount",
        since="c.expires_at",
        registration_id="c.registration_id",
        charge_id="c.id",
        reference="c.order_id",
    ),
    _arm(
        """charges c JOIN invoices i USING (registration_id)
        WHERE c.status IN ('reversed', 'charged_back') AND c.updated_at >= :taken_back
          AND i.registration_ended IS NULL""",
        f"'{ItemKind.CHARGE_TAKEN_BACK}'",
        "'midtrans'",
        currency="c.currency",
        amount="c.amount",
        since="c.updated_at",
        registration_id="registration_id",
        charge_id="c.id",
        reference="c.order_id",
    ),
    # What went back of kept money may be refunds as well: its amount says nothing here.
    _arm(
        """charges c JOIN invoices i USING (registration_id)
        LEFT JOIN unassigned_money u ON u.source = 'charge:' || c.id
        LEFT JOIN payments p ON p.source = CASE WHEN u.payment_id IS NULL THEN 'charge:' || c.id
                                                ELSE 'money:' || u.id END
        WHERE c.status = 'paid' AND (c.gateway_word = 'partial_chargeback' OR p.taken_back > 0)
          AND c.updated_at >= :taken_back
          AND i.registration_ended IS NULL""",
        f"'{ItemKind.CHARGE_PARTLY_TAKEN_BACK}'",
        "'midtrans'",
        currency="c.currency",
        amount="nullif(p.taken_back, 0)",
        since="c.updated_at",
        registration_id="c.registration_id",
        payment_id="p.id",
        charge_id="c.id",
        reference="c.order_id",
    ),
    # Of a virtual account there is no last moment: it goes back by hand anyway.
    _arm(
        """refunds r JOIN payments p ON p.id = r.payment_id LEFT JOIN charges c ON p.source = 'charge:' || c.id
        WHERE NOT r.closed AND (r.due_at < :refund OR (c.refundable_until < :now AND r.state <> 'asked'))""",
        f"CASE WHEN r.due_at < :refund THEN '{ItemKind.REFUND_OVERDUE}' ELSE '{ItemKind.REFUND_PAST_WINDOW}' END",
        "'runners'",
        currency="p.currency",
        amount="r.amount",
        since="r.due_at",
        registration_id="p.registration_id",
        payment_id="p.id",
        refund_id="r.id",
    ),
    _arm(
        "unassigned_money u WHERE u.state IN ('open', 'refund_due', 'asked') AND u.created_at < :kept",
        f"'{ItemKind.KEPT_TOO_LONG}'",
        "u.kind",
        currency="u.currency",
        amount="u.amount - u.gone_back",
        since="u.created_at",
        registration_id="u.registration_id",
        money_id="u.id",
        reference="u.reference",
    ),
)
# A full join, as both ways may be wrong. A registration that costs nothing has no payment.
_DISAGREEING: Final = _arm(
    """(SELECT registration_id, currency, amount, updated_at FROM invoices WHERE status = 'paid' AND amount > 0) i
    FULL JOIN (SELECT id, registration_id, currency, amount, verified_at FROM payments WHERE status = 'verified') p
    USING (registration_id) WHERE i.amount IS DISTINCT FROM p.amount""",
    f"'{ItemKind.PAID_WITHOUT_PAYMENT}'",
    "'runners'",
    currency="coalesce(i.currency, p.currency)",
    amount="coalesce(i.amount, p.amount)",
    since="coalesce(i.updated_at, p.verified_at)",
    registration_id="registration_id",
    payment_id="p.id",
)
_TRANSFER: Final = {
    "account": "'usdt'",
    "currency": "'IDR'",
    "amount": "t.worth",
    "registration_id": "t.registration_id",
    "reference": "'0x' || encode(t.tx_hash, 'hex')",
}
_USDT_ARMS: Final = (
    _arm(
        f"({TRANSFERS} AND t.state = 'confirmed' AND t.settled IS NULL) AS t JOIN invoices i USING (registration_id)",
        f"""CASE WHEN i.status IN ('paid', 'expired', 'cancelled')
             AND greatest(t.confirmed_at, i.updated_at) < :not_settled THEN '{ItemKind.USDT_NOT_SETTLED}'
             ELSE '{ItemKind.USDT_PARTIAL}' END""",
        effect="-t.worth",
        since="t.confirmed_at",
        **_TRANSFER,
    ),
    _arm(
        f"({TRANSFERS} AND t.state = 'confirmed' AND t.settled = 'ignored') AS t",
        f"'{ItemKind.USDT_TOO_LITTLE}'",
        effect="-t.worth",
        since="t.confirmed_at",
        **_TRANSFER,
    ),
    _arm(
        f"({TRANSFERS} AND t.state = 'failed' AND t.settled IN ('paid', 'kept')) AS t",
        f"'{ItemKind.USDT_TAKEN_BACK}'",
        effect="t.worth",
        since="t.failed_at",
        **_TRANSFER,
    ),
)


def _finding_all(*arms: str) -> TextClause:
    """Return the statement that finds the rows of arms, with their sums, and lists the oldest of each kind.

    A number is looked up for each row that is listed: a join would read all invoices.
    """
    return text(f"""
    WITH found AS MATERIALIZED ({" UNION ALL ".join(arms)}), totals AS (
        SELECT kind, account, currency, count(*) AS number, sum(effect) AS all_effects, sum(amount) AS all_amounts,
               min(since) AS oldest FROM found GROUP BY kind, account, currency
    )
    SELECT totals.*, listed.amount, listed.since, {", ".join(f"listed.{name}" for name in _IDS)}, listed.reference,
           (SELECT registration_number FROM invoices WHERE invoices.registration_id = listed.registration_id)
      FROM totals LEFT JOIN LATERAL (
               SELECT * FROM found
                WHERE (found.kind, found.account, found.currency) = (totals.kind, totals.account, totals.currency)
                  AND found.kind <> ALL(CAST(:as_one AS text[]))
                ORDER BY since, payment_id, line_id LIMIT :listed
           ) AS listed ON true
     ORDER BY kind, account, currency, since, payment_id, line_id
    """)  # noqa: S608


FIND: Final = _finding_all(*_ARMS)
"""Finds the items of all kinds that are looked for in any case."""
_FIND_DISAGREEING: Final = _finding_all(_DISAGREEING)
_FIND_USDT: Final = _finding_all(*_USDT_ARMS)


async def find(session: AsyncSession, figures: Figures, *, first: datetime | None, now: datetime) -> list[Finding]:
    """Return what differs or waits in all channels, but payouts and what no finding explains.

    Args:
        first: the beginning of the first day of all statements; None if none was uploaded.
    """
    found = await _found_by(session, FIND, first=first, now=now)
    if not figures.paid_by_payments:
        found += await _found_by(session, _FIND_DISAGREEING, first=None, now=now)
    if not figures.booked_as_paid:
        found += [_wrong_payment(row) for row in await wrong_payments(session)]
    if figures.has_usdt:
        found += await _found_by(session, _FIND_USDT, first=None, now=now)
        found += [_wrong_transfers(row) for row in await wrong_transfers(session)]
    return [*found, *await _other_bookings(session)]


async def _found_by(
    session: AsyncSession, statement: TextClause, *, first: datetime | None, now: datetime
) -> list[Finding]:
    times = {
        "now": now,
        "first": first,
        "not_seen": now - NOT_SEEN_AFTER,
        "undecided": now - UNDECIDED_AFTER,
        "unsettled": now - UNSETTLED_AFTER,
        "taken_back": now - TAKEN_BACK_FOR,
        "refund": now - REFUND_AFTER,
        "kept": now - KEPT_AFTER,
        "not_settled": now - NOT_SETTLED_AFTER,
    }
    limits = {"as_one": [each.value for each in WAITING], "listed": LISTED}
    known = {name: value for name, value in {**times, **limits}.items() if name in statement.compile().params}
    rows = (await session.execute(statement, known)).all()
    groups = groupby(rows, key=lambda row: (row.kind, row.account, row.currency))
    return [_finding(list(group)) for _, group in groups]


def _finding(rows: Sequence[Row[Any]]) -> Finding:
    first, kind = rows[0], ItemKind(rows[0].kind)
    if kind in WAITING:
        items = [Item(kind=kind, amount=abs(first.all_amounts), count=first.number, since=first.oldest)]
    else:
        items = [_item(kind, row) for row in rows]
    return Finding(Account(first.account), first.currency, kind, items, first.number, first.all_effects)


def _item(kind: ItemKind, row: Row[Any]) -> Item:
    ids = {name: getattr(row, name) for name in (*_IDS, "reference", "registration_number")}
    return Item(kind=kind, amount=row.amount, since=row.since, **ids)


async def _other_bookings(session: AsyncSession) -> list[Finding]:
    """Return refunds, kept money, payouts and fees of charges that the ledger has otherwise, as one finding.

    It is of the runners' account.
    """
    wrong = [Item(kind=ItemKind.BOOKING_DIFFERS, reference=row.source) for row in await wrong_others(session)]
    return [Finding(Account.RUNNERS, "IDR", ItemKind.BOOKING_DIFFERS, wrong[:LISTED], len(wrong))] if wrong else []


def _wrong_transfers(row: Row[Any]) -> Finding:
    effect: Decimal = (row.booked or Decimal(0)) - (row.expected or Decimal(0))
    kind = ItemKind.USDT_DIFFERS
    item = Item(kind=kind, amount=abs(effect), registration_id=row.registration_id)
    return Finding(Account.USDT, "IDR", kind, [item], effect=effect)


def _wrong_payment(row: Row[Any]) -> Finding:
    kind = ItemKind.BOOKED_NOT_PAID if row.expected is None else ItemKind.PAID_NOT_BOOKED
    effect: Decimal = (row.expected or Decimal(0)) - (row.booked or Decimal(0))
    item = Item(
        kind=kind,
        amount=abs(effect),
        since=row.since,
        registration_id=row.registration_id,
        payment_id=row.payment_id,
    )
    return Finding(Account.RUNNERS, row.currency, kind, [item], effect=effect)
