"""Ticket codes as scanners read them, remarks about packs, and what becomes of scans that a device sends later."""

import re
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final
from uuid import UUID

_CODE: Final = re.compile(r"[0-9a-f]{32}")
_ON_THE_WAY: Final = timedelta(seconds=2)


def normalized_code(scanned: str) -> str | None:
    """Return the scanned ticket code in lower case without surrounding space; None if it is malformed."""
    code = scanned.strip().lower()
    return code if _CODE.fullmatch(code) else None


class ScanResult(StrEnum):
    """The answer to a scan that was made without a network.

    `REPEATED` is a second scan by the same device, `CONFLICT` one of a pack that another device handed out before.
    """

    HANDED_OUT = "handed_out"
    REPEATED = "repeated"
    CONFLICT = "conflict"
    UNKNOWN = "unknown"
    NOT_VALID = "not_valid"
    OTHER_EVENT = "other_event"


class ConflictKind(StrEnum):
    """Why staff have to look at a scan: a pack may have left that should not, or twice."""

    HANDED_OUT_TWICE = "handed_out_twice"
    UNKNOWN = "unknown"
    NOT_VALID = "not_valid"
    OTHER_EVENT = "other_event"
    DEVICE_REVOKED = "device_revoked"


@dataclass(frozen=True, kw_only=True)
class Remarks:
    """Who collected a pack and what was in it, as in the columns of `HandedOver`."""

    collected_by: str | None = None
    letter_seen: bool | None = None
    identity_seen: bool | None = None
    handed_size: str | None = None


REMARKS: Final = tuple(field.name for field in fields(Remarks))


@dataclass(frozen=True, kw_only=True)
class OfflineScan(Remarks):
    """A scan as a device sent it.

    Attributes:
        scanned_at: by the device's clock.
        revision: of the remarks; those of a later one replace those of an earlier one.
    """

    key: str
    ticket_code: str | None
    participant_id: UUID | None
    scanned_at: datetime
    revision: int = 0


def clock_offset(device_time: datetime, now: datetime) -> timedelta:
    """Return how far this server's clock is ahead of a device's, in whole seconds.

    Two seconds are none: so long may the request have taken.
    """
    offset = timedelta(seconds=round((now - device_time).total_seconds()))
    return offset if abs(offset) > _ON_THE_WAY else timedelta()


def judged_time(scanned_at: datetime, *, offset: timedelta, earliest: datetime, now: datetime) -> datetime:
    """Return when a scan was made by this server's clock: not before the device logged in, and not in the future.

    Args:
        offset: how far this server's clock is ahead of the device's.
    """
    since = min(scanned_at - now + offset, timedelta())  # a difference holds what a date of the year 9999 cannot
    return now + max(earliest - now, since)
