"""Lines of statements that wait with a held decision about the proof that they confirm."""

from datetime import datetime
from decimal import Decimal

from chassis.database import UnitOfWork

from payment.proofs.tables import Payment
from payment.statements.commands import match
from payment.statements.holding import line_held_for
from payment.statements.tables import StatementLine


def came_in_by(line: StatementLine, payment: Payment) -> Decimal | None:
    """Return what came in by a line, whatever the proof of its payment says; None for the amount of the invoice."""
    return None if line.amount == payment.amount else line.amount


async def take_amount_of_held_line(work: UnitOfWork, payment: Payment, *, held_at: datetime) -> None:
    """Let a payment say what came in by the line that waits with its held decision, which takes effect now."""
    line = await line_held_for(work.session, payment.id, held_at)
    if line is not None:
        payment.received = came_in_by(line, payment)


async def match_held_line(work: UnitOfWork, payment: Payment, *, held_at: datetime) -> None:
    """Let the line that waited with the held decision about a payment confirm it, now that it has taken effect."""
    line = await line_held_for(work.session, payment.id, held_at)
    if line is not None and payment.verified_by is not None:
        by = payment.verified_by
        await match(work, line, payment.id, payment.registration_id, by=by, actor=f"staff:{by}")
