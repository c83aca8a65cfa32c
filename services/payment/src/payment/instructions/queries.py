"""Reading how to pay."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from payment.instructions.tables import PaymentSettings


async def settings_row(session: AsyncSession) -> PaymentSettings:
    """The one row."""
    return (await session.execute(select(PaymentSettings))).scalar_one()


async def payment_deadline(session: AsyncSession) -> int:
    """Hours that a runner gets for another proof."""
    return (await session.execute(select(PaymentSettings.payment_deadline_hours))).scalar_one()


async def qris_path(session: AsyncSession) -> str | None:
    """Where the QRIS image is kept."""
    return (await session.execute(select(PaymentSettings.qris_image_path))).scalar_one()
