"""What the amount of an invoice comes from: the list price, the promo code and the price phase."""

from typing import Any

from chassis.database import UnitOfWork
from contracts import RegistrationCreated
from sqlalchemy import update

from payment.invoices.tables import Invoice


def price_of(created: RegistrationCreated) -> dict[str, Any]:
    """Return the columns of an invoice that say what its amount comes from."""
    return {
        "list_amount": created.list_amount,
        "discount": created.discount,
        "promo_code": created.promo_code,
        "price_phase": created.price_phase,
    }


async def complete_price(work: UnitOfWork, created: RegistrationCreated) -> None:
    """Store what the amount of an invoice of an older release comes from, if the event says so. Idempotent."""
    lacking = (Invoice.registration_id == created.registration_id, Invoice.list_amount.is_(None))
    if created.list_amount is not None:
        await work.session.execute(update(Invoice).where(*lacking).values(price_of(created)))
