"""Status and date of payments."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from chassis.wording import Refused, Wording


class Method(StrEnum):
    """How a payment was made. What runners may state with a proof is `contracts.PaymentMethod`."""

    QRIS = "qris"
    BANK_TRANSFER = "bank_transfer"
    USDT = "usdt"


class PaymentStatus(StrEnum):
    """Status of a payment: waiting for review, or its result."""

    UPLOADED = "uploaded"
    VERIFIED = "verified"
    REJECTED = "rejected"


_CLOCK_SKEW = timedelta(minutes=10)
# A day begins in eastern Indonesia (WIT) two hours before it does in Jakarta.
_EARLY_DAY = timedelta(hours=2)
_EPOCH = timedelta(days=366)


_NO_DATE = Wording(
    en="must be a date such as 2026-01-31, or a date and time with offset, in ISO 8601",
    id="harus berupa tanggal seperti 2026-01-31, atau tanggal dan waktu dengan selisih zona, menurut ISO 8601",
)
_AHEAD = Wording(
    en="is in the future; give the day on which it was paid", id="ada di masa depan; isi hari saat dibayar"
)
_TOO_OLD = Wording(
    en="is more than a year ago; give the day on which it was paid",
    id="lebih dari setahun yang lalu; isi hari saat dibayar",
)


def paid_at(value: str, *, now: datetime, zone: ZoneInfo) -> datetime:
    """Return the moment given as an ISO 8601 date (midnight in `zone`), or as date and time with offset.

    Raises:
        Refused: not such a value, in the future, or more than a year ago.
    """
    try:
        moment, skew = _moment(value, zone)
        ahead = moment - now
    except (ValueError, OverflowError):
        raise Refused(_NO_DATE) from None
    if ahead > skew:
        raise Refused(_AHEAD)
    if -ahead > _EPOCH:
        raise Refused(_TOO_OLD)
    return moment


def _moment(value: str, zone: ZoneInfo) -> tuple[datetime, timedelta]:
    if len(value) == len("2026-01-31"):
        day = date.fromisoformat(value)
        return datetime(day.year, day.month, day.day, tzinfo=zone), _EARLY_DAY
    moment = datetime.fromisoformat(value)
    if moment.tzinfo is None:
        raise ValueError("no offset")
    return moment, _CLOCK_SKEW
