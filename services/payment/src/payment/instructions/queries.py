"""Queries for the payment instructions."""

from collections.abc import Sequence
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from payment.instructions.reasons import Reason, reasons_in
from payment.instructions.tables import PaymentSettings


async def settings_row(session: AsyncSession) -> PaymentSettings:
    """Return the only row of settings."""
    return (await session.execute(select(PaymentSettings))).scalar_one()


async def payment_deadline(session: AsyncSession) -> int:
    """Return the hours that a runner has for another proof after a rejection."""
    return (await session.execute(select(PaymentSettings.payment_deadline_hours))).scalar_one()


async def second_check_from(session: AsyncSession) -> Decimal | None:
    """Return the amount in rupiah from which two people decide about money; None if one is enough for any."""
    return (await session.execute(select(PaymentSettings.second_check_from))).scalar_one()


async def statement_auto_accept(session: AsyncSession) -> bool:
    """Return whether lines of statements that are sure are accepted without a person."""
    return (await session.execute(select(PaymentSettings.statement_auto_accept))).scalar_one()


async def qris_path(session: AsyncSession) -> str | None:
    """Return the path of the QRIS image; None if there is none."""
    return (await session.execute(select(PaymentSettings.qris_image_path))).scalar_one()


async def rejection_reasons(session: AsyncSession) -> Sequence[Reason]:
    """Return the reasons of rejections that staff choose from."""
    return reasons_in((await session.execute(select(PaymentSettings.rejection_reasons))).scalar_one())
