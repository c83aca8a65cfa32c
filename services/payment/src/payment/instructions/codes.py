"""The QRIS code of the settings: what was read from the image, and whether it may be used."""

from typing import Any

from payment.instructions.tables import PaymentSettings
from payment.qris.errors import QrisNotConfirmed, QrisNotRead, QrisNotUsable
from payment.qris.rules import Code, parse


def columns_of(path: str | None, code: Code | None) -> dict[str, Any]:
    """Return the settings of a new image: its code is not confirmed, and no amounts are put into it.

    Args:
        path: of the image in the store; None for none.
        code: the code in the image; None if none can be read.
    """
    return {
        "qris_image_path": path,
        "qris_payload": code and code.payload,
        "qris_read_from": code and path,
        "qris_merchant": code and code.merchant,
        "qris_city": code and code.city,
        "qris_nmid": code and code.nmid,
        "qris_confirmed_at": None,
        "qris_confirmed_by": None,
        "qris_with_amount": False,
    }


def code_of(row: PaymentSettings) -> Code | None:
    """Return the code of the present image; None if none was read from it."""
    if row.qris_payload is None or row.qris_read_from != row.qris_image_path:
        return None
    return parse(row.qris_payload)


def confirmed_code_of(row: PaymentSettings) -> Code | None:
    """Return the code of the present image if staff have confirmed it; None otherwise."""
    return code_of(row) if row.qris_confirmed_at else None


def code_for_amounts(row: PaymentSettings) -> Code | None:
    """Return the code into which the amounts of invoices are put; None if that is not switched on."""
    return confirmed_code_of(row) if row.qris_with_amount else None


def require_code(row: PaymentSettings) -> Code:
    """Return the code of the present image.

    Raises:
        QrisNotRead.
    """
    code = code_of(row)
    if code is None:
        raise QrisNotRead
    return code


def require_code_for_amounts(row: PaymentSettings) -> None:
    """Check that amounts may be put into the code of the present image.

    Raises:
        QrisNotRead, QrisNotUsable, QrisNotConfirmed.
    """
    obstacle = require_code(row).obstacle
    if obstacle is not None:
        raise QrisNotUsable.because(obstacle)
    if row.qris_confirmed_at is None:
        raise QrisNotConfirmed
