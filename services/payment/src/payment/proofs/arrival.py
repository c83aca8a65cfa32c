"""When a request arrived. The gateway passes an upload on once it has it whole, which a slow line takes minutes for."""

import re
from datetime import datetime, timedelta

from fastapi import Request

AGE_HEADER = "X-Request-Age"
LONGEST_UPLOAD = timedelta(minutes=5)
"""What counts at most. Shorter than the grace in which registration keeps the places of proofs under way."""

_SECONDS = re.compile(r"\d{1,9}(\.\d{1,3})?")


def arrived_at(request: Request, *, now: datetime, trusted_proxies: int) -> datetime:
    """Return when the first byte of the request reached our outermost proxy, `now` if it came without one.

    Args:
        trusted_proxies: how many proxies of ours are in front; without one the client itself writes the header.
    """
    said = request.headers.get(AGE_HEADER, "")
    if not trusted_proxies or not _SECONDS.fullmatch(said):
        return now
    return now - min(timedelta(seconds=float(said)), LONGEST_UPLOAD)
