"""Changes of kept money that goes back through the gateway. Each is made under the lock of its row."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from chassis.audit_log import shown_value
from chassis.auth.principals import Staff
from chassis.database import UnitOfWork

from payment.gateways.port import GatewayRefused, OrderUnknown
from payment.incoming.commands import ensure_other_person, left_of, locked_money
from payment.incoming.errors import NoRefundDue
from payment.incoming.rules import MoneyState
from payment.incoming.tables import UnassignedMoney
from payment.refund_desk.asking import Asked
from payment.refund_desk.changes import accept, ask_later, claim_rows, is_unanswered, leave_to_people
from payment.refund_desk.errors import GatewayRefundNotPossible
from payment.refund_desk.rules import why_refused
from payment.refunds.rules import Way, next_question
from payment.surplus_desk.models import why_not_gateway
from payment.surplus_desk.queries import money_by_id, order_of


async def begin_sending(work: UnitOfWork, money_id: UUID, *, has_gateway: bool, by: Staff) -> Asked | None:
    """Store that the gateway is asked to give kept money back; it is to be asked after the commit.

    Raises:
        UnknownMoney, NoRefundDue, SamePerson.
        GatewayRefundNotPossible.
    """
    money = await locked_money(work, money_id)
    if money.state != MoneyState.REFUND_DUE:
        raise NoRefundDue(state=money.state)
    row = await money_by_id(work.session, money_id)
    reason = why_not_gateway(row, now=work.now, has_gateway=has_gateway)
    if reason is not None:
        raise GatewayRefundNotPossible.of(reason)
    await ensure_other_person(work, money, by=by)
    money.state, money.way, money.gateway_key = MoneyState.ASKED, Way.GATEWAY, str(money.id)
    money.sent_at, money.sent_by, money.gateway_error = work.now, by.id, None
    money.ask_at = next_question(work.now, work.now)
    await work.session.flush()
    await work.audit(by.actor, "money.send", str(money.id), amount=shown_value(left_of(money)))
    return await _asked_for(work, money)


async def claim(work: UnitOfWork) -> Sequence[Asked]:
    """Return some kept money that is due to be asked about, leased to this process."""
    items = await claim_rows(work, UnassignedMoney)
    return [asked for money in items if (asked := await _asked_for(work, money)) is not None]


async def _asked_for(work: UnitOfWork, money: UnassignedMoney) -> Asked | None:
    order = await order_of(work.session, money.id)
    if order is None or money.gateway_key is None:
        return None
    return Asked(
        id=money.id,
        charge_id=order[0],
        order_id=order[1],
        key=money.gateway_key,
        amount=left_of(money),
        reason=money.reason or "",
        is_known=money.accepted_at is not None,
        sent_at=money.sent_at,
    )


async def fall_back(work: UnitOfWork, asked: Asked, error: GatewayRefused | OrderUnknown) -> None:
    """Let kept money that the gateway refused be due again, to be transferred by hand, unless it was accepted since."""
    money = await locked_money(work, asked.id)
    if not is_unanswered(money):
        return
    until: datetime | None = (await money_by_id(work.session, money.id))["refundable_until"]
    reason = why_refused(error, is_late=until is None or work.now > until)
    leave_to_people(money, MoneyState.REFUND_DUE, reason)
    await work.session.flush()
    await work.audit("system", "money.refused", str(money.id), reason=reason.value, gateway=str(error))


async def accept_by_gateway(work: UnitOfWork, asked: Asked) -> None:
    """Store that the gateway has accepted to give kept money back, which it confirms later."""
    accept(await locked_money(work, asked.id), work.now)


async def ask_about_later(work: UnitOfWork, asked: Asked) -> None:
    """Set when the gateway is asked about kept money next."""
    ask_later(await locked_money(work, asked.id), work.now)
