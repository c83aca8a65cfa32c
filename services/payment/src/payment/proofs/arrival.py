"""Arrival time of uploads. A proxy may hold an upload for minutes before it passes it on."""

import re
from datetime import datetime, timedelta

from fastapi import Request

AGE_HEADER = "X-Request-Age"
LONGEST_UPLOAD = timedelta(minutes=5)
"""Maximum age that counts. Shorter than the grace period in which registration keeps the places of late proofs."""

_SECONDS = re.compile(r"\d{1,9}(\.\d{1,3})?")


def arrived_at(request: Request, *, now: datetime, trusted_proxies: int) -> datetime:
    """Return when the first byte of the request reached the outermost trusted proxy, or `now` without a proxy.

    Args:
        trusted_proxies: number of trusted proxies; with 0 the header is ignored, as the client could set it.
    """
    value = request.headers.get(AGE_HEADER, "")
    if not trusted_proxies or not _SECONDS.fullmatch(value):
        return now
    return now - min(timedelta(seconds=float(value)), LONGEST_UPLOAD)
