"""What a gateway, or the acquirer of the QRIS code, paid out, recognised by the text of a line."""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from payment.statements.model import Line
from payment.statements.numbers import DecimalMark, figure, proven_mark, value

_NUMBER: Final = r"(?:RP\.? ?)?([0-9][0-9.,]*[0-9]|[0-9])"
_MERCHANT: Final = re.compile(r"\bMID\b", re.IGNORECASE)
_QRIS: Final = re.compile(rf"\bQR ?:? ?{_NUMBER}.{{0,20}}?\bDDR ?:? ?{_NUMBER}", re.IGNORECASE)
_SETTLED: Final = re.compile(r"\bKR\.? ?OTOMATIS\b|\bSETTLEMENT\b|\bSETELMEN\b", re.IGNORECASE)
_GATEWAY: Final = re.compile(r"\bMIDTRANS\b", re.IGNORECASE)


def payout_of(line: Line) -> Mapping[str, str] | None:
    """Return what a line is a payout of, as facts; None if its text does not look like a payout.

    `payout` is `qris` or `midtrans`. `gross` and `fee` are what was paid and what was kept back, if the text says them
    and they agree with the amount.
    """
    text = f"{line.text} {line.reference or ''}"
    written = _QRIS.search(text)
    if written or (_MERCHANT.search(text) and _SETTLED.search(text)):
        return {"payout": "qris", **(_parts(written[1], written[2], line.amount) if written else {})}
    return {"payout": "midtrans"} if _GATEWAY.search(text) else None


def _parts(gross: str, fee: str, amount: Decimal) -> Mapping[str, str]:
    paid, kept_back = _number(gross), _number(fee)
    if paid is None or kept_back is None or paid - kept_back != amount:
        return {}
    return {"gross": f"{paid:.2f}", "fee": f"{kept_back:.2f}"}


def _number(written: str) -> Decimal | None:
    """Return a number in a text, where no column decides its decimal mark: thousands if it could be either."""
    found = figure(written)
    if found is None:
        return None
    mark = proven_mark(found.digits)
    if mark is None:
        return value(re.sub(r"[.,]", "", found.digits), DecimalMark.POINT)
    return value(found.digits, mark)
