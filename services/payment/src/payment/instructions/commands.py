"""Changing how to pay."""

from typing import Any

from chassis.auth.principals import Staff
from chassis.database import UnitOfWork
from sqlalchemy import update

from payment.instructions.tables import PaymentSettings


async def change_settings(work: UnitOfWork, values: dict[str, Any], *, by: Staff) -> None:
    """Write the settings; a replaced QRIS image is swept later. Only what was set is audited, not the account."""
    await work.session.execute(update(PaymentSettings).values(**values, updated_at=work.now))
    await work.audit(by.actor, "payment_settings.change", "payment_settings", fields=sorted(values))
