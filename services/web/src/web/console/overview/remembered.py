"""The last answers of the APIs, shown with their time while an API is away."""

from collections import OrderedDict
from collections.abc import Awaitable, Hashable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Generic, TypeVar

from chassis.clock import Clock
from chassis.errors import Unavailable

from web.upstream.client import Refused

T = TypeVar("T")

_MOST: Final = 500
_LONGEST: Final = timedelta(hours=12)
_UNAUTHENTICATED: Final = 401


@dataclass(frozen=True)
class Part(Generic[T]):
    """A part of a page.

    Attributes:
        value: None if its API is away and it was never read, or if the API refused it.
        as_of: when an older value was read; None if it is fresh.
    """

    value: T | None
    as_of: datetime | None = None


NOT_ASKED: Final[Part[Any]] = Part(None)
"""A part that is not for this role, or that needs a race where there is none."""


class LastAnswers:
    """Answers that are the same for all who may ask, by what was asked. The least recent ones are forgotten."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._found: OrderedDict[Hashable, tuple[datetime, Any]] = OrderedDict()

    async def get(self, key: Hashable, asked: Awaitable[T]) -> Part[T]:
        """Return the answer, or the last one to the same question if the API is away.

        Raises:
            Refused: 401. Any other refusal is a part without a value, so that the page does without it.
        """
        try:
            value = await asked
        except Unavailable:
            return self._last(key)
        except Refused as refused:
            if refused.status == _UNAUTHENTICATED:
                raise
            return Part(None)
        self._keep(key, value)
        return Part(value)

    def _last(self, key: Hashable) -> Part[Any]:
        at, value = self._found.get(key, (None, None))
        return Part(value, at) if at and self._clock() - at < _LONGEST else Part(None)

    def _keep(self, key: Hashable, value: Any) -> None:
        self._found[key] = self._clock(), value
        self._found.move_to_end(key)
        if len(self._found) > _MOST:
            self._found.popitem(last=False)
