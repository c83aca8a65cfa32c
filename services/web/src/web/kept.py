"""Pages that are kept compressed in the process for some seconds, for all visitors."""

import gzip
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from chassis.clock import Clock
from fastapi import Request, Response

BRIEFLY: Final = "public, max-age=5, stale-while-revalidate=30"
_AGE: Final = timedelta(seconds=5)
_LONGEST_IN_BROWSERS: Final = timedelta(seconds=35)
_CHANGES_SOON: Final = "public, max-age=1"
_MOST: Final = 1_000
_LEVEL: Final = 6


@dataclass(frozen=True)
class KeptPage:
    """A page as it is sent."""

    content: bytes
    compressed: bytes
    cache_control: str
    until: datetime

    def response(self, request: Request) -> Response:
        """Return the page, compressed if the browser takes that."""
        headers = {"Cache-Control": self.cache_control, "Vary": "Accept-Encoding"}
        if "gzip" not in request.headers.get("accept-encoding", ""):
            return Response(self.content, headers=headers, media_type="text/html")
        return Response(self.compressed, headers={**headers, "Content-Encoding": "gzip"}, media_type="text/html")


class KeptPages:
    """Keeps pages by their paths for five seconds. Only pages that hold nothing of a visitor may be kept."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._pages: dict[str, KeptPage] = {}

    def find(self, path: str) -> KeptPage | None:
        """Return the page of a path; None if it is not kept or too old."""
        found = self._pages.get(path)
        return found if found is not None and self._clock() < found.until else None

    def keep(self, path: str, html: str, *, changes_at: datetime | None = None) -> KeptPage:
        """Keep a page and return it.

        Args:
            changes_at: when it must be another one; then neither the process nor browsers show this one.
        """
        now = self._clock()
        until = now + _AGE if changes_at is None else min(now + _AGE, changes_at)
        soon = changes_at is not None and changes_at - now < _LONGEST_IN_BROWSERS
        content = html.encode()
        compressed = gzip.compress(content, _LEVEL, mtime=0)
        page = KeptPage(content, compressed, _CHANGES_SOON if soon else BRIEFLY, until)
        if len(self._pages) >= _MOST:
            self._pages.clear()
        self._pages[path] = page
        return page
