"""Notifications about orders that payment did not create: a static QRIS code, or another installation.

Their money is kept as unknown, so that a person gives it to its registration or back.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from chassis.database import Database
from chassis.telemetry import logger
from sqlalchemy import select, text, update

from payment.charges.reports import METHODS
from payment.charges.tables import GatewayNotice
from payment.gateways.account import GatewayAccess
from payment.gateways.port import Gateway, GatewayError, GatewayRefused, GatewayStatus, OrderUnknown, StatusReport
from payment.gateways.watching import watched
from payment.incoming.commands import receive
from payment.incoming.rules import Received
from payment.ledger.rules import Channel

log = logger(__name__)

_AT_ONCE: Final = 20
_ONE_AT_A_TIME: Final = text("SELECT pg_advisory_xact_lock(hashtext('gateway order ' || :order_id))")


async def ask_about_strangers(database: Database, access: GatewayAccess) -> int:
    """Ask about orders without a charge that notifications named; return how many. Repeated after a crash."""
    async with database.read() as session:
        account, orders = await access.account(session), []
        if account is not None:
            undone = (GatewayNotice.charge_id.is_(None), GatewayNotice.done_at.is_(None))
            query = select(GatewayNotice.order_id).where(*undone).order_by(GatewayNotice.received_at).limit(_AT_ONCE)
            orders = list(dict.fromkeys((await session.execute(query)).scalars()))
    if account is not None:
        await _ask_each(database, watched(database, access, account), orders)
    return len(orders)


async def _ask_each(database: Database, gateway: Gateway, orders: Sequence[str]) -> None:
    for order_id in orders:
        started = database.clock()
        try:
            report = await gateway.status(order_id)
        except (OrderUnknown, GatewayRefused):
            report = None
        except GatewayError as error:  # of this order perhaps alone: it does not keep the others waiting
            log.warning("gateway_failed", kind=type(error).__name__, reason=str(error))
            continue
        async with database.work() as work:
            await work.session.execute(_ONE_AT_A_TIME, {"order_id": order_id})
            if report is not None and report.status is GatewayStatus.PAID:
                await receive(work, _unknown(order_id, report, received_at=report.settled_at or work.now))
            named = (GatewayNotice.order_id == order_id, GatewayNotice.charge_id.is_(None))
            until = (GatewayNotice.done_at.is_(None), GatewayNotice.received_at <= started)
            await work.session.execute(update(GatewayNotice).where(*named, *until).values(done_at=work.now))


def _unknown(order_id: str, report: StatusReport, *, received_at: datetime) -> Received:
    return Received(
        source=f"midtrans:{report.details.transaction_id or order_id}",
        channel=Channel.MIDTRANS,
        method=METHODS[report.method],
        amount=report.amount,
        currency=report.currency,
        received_at=received_at,
        reference=order_id,
    )
