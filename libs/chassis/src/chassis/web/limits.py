"""Rate limits per client address: one token bucket each.

A limit counts in its own process; with several processes, each grants an address that much. The gateway has the limit
for all of them together.
"""

import time
from collections import OrderedDict
from collections.abc import Callable
from math import ceil

from fastapi import Request

from chassis.errors import StartlineError
from chassis.telemetry import logger
from chassis.web.addresses import counted_as, forwarded_ip, socket_ip

log = logger(__name__)

_MINUTE = 60 * 10**9
_MOST_ADDRESSES = 50_000


class TooManyRequests(StartlineError):
    """Too many requests came from this address; wait a moment."""

    indonesian = "Terlalu banyak permintaan dari alamat ini; tunggu sebentar."
    code = "too_many_requests"
    status = 429

    def __init__(self, *, wait: float) -> None:
        super().__init__(headers={"Retry-After": str(max(1, ceil(wait)))})


class Buckets:
    """One token bucket per address, stored as one number: the time at which it is full again.

    Times are whole nanoseconds, because sums of fractions drift. If there are too many addresses, the least recently
    seen one is dropped, so that a flood of addresses loosens the limits and does not fill the memory.

    Args:
        per_minute: tokens added per minute.
        burst: tokens in a full bucket.
        addresses: maximum number of buckets.
        clock: monotonic time in nanoseconds.
    """

    def __init__(
        self,
        *,
        per_minute: int,
        burst: int,
        addresses: int = _MOST_ADDRESSES,
        clock: Callable[[], int] = time.monotonic_ns,
    ) -> None:
        self._interval = _MINUTE // per_minute
        self._depth = self._interval * burst
        self._limit = addresses
        self._clock = clock
        self._full_at: OrderedDict[str, int] = OrderedDict()

    def take(self, address: str) -> float:
        """Take a token. Return 0 if there was one, otherwise the seconds until there is."""
        now = self._clock()
        full_at = max(self._full_at.get(address, now), now) + self._interval
        wait = full_at - now - self._depth
        if wait <= 0:
            self._full_at[address] = full_at
        self._full_at.move_to_end(address)
        if len(self._full_at) > self._limit:
            self._full_at.popitem(last=False)
        return max(wait, 0) / 10**9

    def give_back(self, address: str) -> None:
        """Put a token that was taken back; a full bucket stays full."""
        if address in self._full_at:
            self._full_at[address] -= self._interval

    def __len__(self) -> int:
        return len(self._full_at)


class AddressLimit:
    """Refuses requests of an address that sends too many.

    A caller with a private or loopback address that no proxy reported is not limited. It is this machine, or a proxy
    that `trusted_proxies` does not count; limiting that would block all clients behind it.

    Args:
        per_minute: sustained rate of one address; 0 turns the limit off.
        burst: requests that may arrive at once.
        trusted_proxies: number of own proxies in front.
    """

    def __init__(self, *, per_minute: int, burst: int, trusted_proxies: int) -> None:
        self._buckets = Buckets(per_minute=per_minute, burst=burst) if per_minute else None
        self._trusted_proxies = trusted_proxies
        self._warned = False

    def admit(self, request: Request) -> None:
        """Return if the request is within the limit.

        Raises:
            TooManyRequests.
        """
        address = None if self._buckets is None else self._address(request)
        if self._buckets is None or address is None:
            return
        if wait := self._buckets.take(address):
            raise TooManyRequests(wait=wait)

    def give_back(self, request: Request) -> None:
        """Count a request that was admitted as one that was not sent."""
        address = None if self._buckets is None else self._address(request)
        if self._buckets is not None and address is not None:
            self._buckets.give_back(address)

    def _address(self, request: Request) -> str | None:
        forwarded = forwarded_ip(request, self._trusted_proxies)
        if forwarded is not None:
            return counted_as(forwarded)
        caller = socket_ip(request)
        if caller is not None and caller.is_global:
            return counted_as(caller)
        self._warn_of_proxies(request)
        return None

    def _warn_of_proxies(self, request: Request) -> None:
        if not self._warned and "x-forwarded-for" in request.headers:
            self._warned = True
            log.warning("limit_sees_only_a_proxy", trusted_proxies=self._trusted_proxies)
