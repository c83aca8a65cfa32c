"""Opaque cursors for keyset pagination: the position of a page's last row."""

import base64
import binascii
import json
from typing import Any, Final, Generic, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from chassis.errors import InvalidFields
from chassis.wording import Wording

PositionT = TypeVar("PositionT", bound=tuple[Any, ...])

INVALID_CURSOR: Final = Wording(
    en="This is no cursor of this list; leave it out to start at the beginning.",
    id="Kursor ini bukan dari daftar ini; kosongkan untuk mulai dari awal.",
)


class CursorOf(Generic[PositionT]):
    """Encodes and decodes the cursors of one list.

    Args:
        position: the type of a position, such as `tuple[Moment, UUID]`; numbers in it need bounds.
    """

    def __init__(self, position: type[PositionT]) -> None:
        self._adapter: TypeAdapter[PositionT] = TypeAdapter(position, config=ConfigDict(strict=True))

    @staticmethod
    def encode(*position: Any) -> str:
        """Return the cursor of the page after `position`."""
        raw = json.dumps(position, default=str, separators=(",", ":"), ensure_ascii=False).encode(
            errors="surrogatepass"
        )
        return base64.urlsafe_b64encode(raw).decode().rstrip("=")

    def decode(self, cursor: str | None) -> PositionT | None:
        """Return the position in `cursor`; None for the beginning of a list.

        Raises:
            InvalidFields: it is not a cursor of this list.
        """
        if cursor is None:
            return None
        try:
            return self._adapter.validate_json(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        except (binascii.Error, ValidationError, ValueError):
            raise InvalidFields(("cursor", INVALID_CURSOR)) from None
