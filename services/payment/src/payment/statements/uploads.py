"""Files that are uploaded: what tells one from another, and the order in which they are listed."""

import hashlib
from typing import Final, NamedTuple
from uuid import UUID

from chassis.web.cursors import CursorOf
from chassis.web.models import Moment


class NewestFirst(NamedTuple):
    """The position of an uploaded file in the list."""

    uploaded_at: Moment
    id: UUID


newest_first: Final = CursorOf(NewestFirst)


def sha256_of(data: bytes) -> str:
    """Return the digest of a file in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
