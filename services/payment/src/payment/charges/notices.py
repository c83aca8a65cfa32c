"""Checking Midtrans's notifications. A notification only says when to ask: what it says is not believed.

The signature is the SHA-512 of order id, status code, amount and server key, joined without separators. It covers
neither status nor transaction, and parts of different lengths can sign alike, so shapes are checked first.
Source: Midtrans, HTTP notification; payments of other integrators show both weaknesses.
"""

import hashlib
import hmac
import re
from typing import Final

from chassis.web.models import Body
from pydantic import ConfigDict, Field

_ORDER_ID: Final = r"^[A-Za-z0-9\-_~.]{1,50}$"


class Notice(Body):
    """The parts of a notification that are read. Further fields may appear at any time."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    order_id: str = Field(pattern=_ORDER_ID)
    status_code: str = Field(pattern=r"^\d{3}$")
    gross_amount: str = Field(pattern=r"^\d{1,12}\.\d{2}$")
    signature_key: str = Field(pattern=r"^[0-9a-fA-F]{128}$")
    transaction_status: str = Field(max_length=50)
    transaction_id: str | None = Field(None, max_length=100)
    payment_type: str | None = Field(None, max_length=50)


def is_signed(notice: Notice, server_key: str) -> bool:
    """Return whether a notification carries the signature of this server key. Compares in constant time."""
    signed = f"{notice.order_id}{notice.status_code}{notice.gross_amount}{server_key}"
    expected = hashlib.sha512(signed.encode()).hexdigest()
    return hmac.compare_digest(re.sub("[A-F]", lambda found: found[0].lower(), notice.signature_key), expected)
