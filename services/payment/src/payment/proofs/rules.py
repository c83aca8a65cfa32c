"""What a payment is and when it may have been made."""

from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo


class PaymentStatus(StrEnum):
    """What staff made of a proof."""

    UPLOADED = "uploaded"
    VERIFIED = "verified"
    REJECTED = "rejected"


_CLOCK_SKEW = timedelta(minutes=10)
# Where the sun rises first in the country a new day begins two hours before it does in the capital.
_EARLY_DAY = timedelta(hours=2)
_LONG_AGO = timedelta(days=366)


def paid_at(said: str, *, now: datetime, zone: ZoneInfo) -> datetime:
    """The moment that a runner's ISO 8601 date, or date and time with offset, means.

    Raises:
        ValueError: it means none, one in the future, or one more than a year ago.
    """
    try:
        moment, skew = _moment(said, zone)
        ahead = moment - now
    except (ValueError, OverflowError):
        raise ValueError("must be a date, or a date and time with offset, in ISO 8601") from None
    if ahead > skew:
        raise ValueError("is in the future")
    if -ahead > _LONG_AGO:
        raise ValueError("is more than a year ago")
    return moment


def _moment(said: str, zone: ZoneInfo) -> tuple[datetime, timedelta]:
    if len(said) == len("2026-01-31"):
        day = date.fromisoformat(said)
        return datetime(day.year, day.month, day.day, tzinfo=zone), _EARLY_DAY
    moment = datetime.fromisoformat(said)
    if moment.tzinfo is None:
        raise ValueError("no offset")
    return moment, _CLOCK_SKEW
