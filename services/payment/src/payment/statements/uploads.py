"""Files that are uploaded: what tells one from another, and the order in which they are listed."""

import asyncio
import contextvars
import hashlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple, TypeVar
from uuid import UUID

from chassis.web.cursors import CursorOf
from chassis.web.models import Moment

_AT_ONCE: Final = 2
_READERS: Final = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="uploads")

T = TypeVar("T")


async def read_in_turn(read: Callable[..., T], *arguments: Any) -> T:
    """Return what `read` returns in a thread. The files of a process are read two at a time; others wait."""
    context = contextvars.copy_context()
    return await asyncio.get_running_loop().run_in_executor(_READERS, context.run, read, *arguments)


class NewestFirst(NamedTuple):
    """The position of an uploaded file in the list."""

    uploaded_at: Moment
    id: UUID


newest_first: Final = CursorOf(NewestFirst)


def sha256_of(data: bytes) -> str:
    """Return the digest of a file in hexadecimal digits."""
    return hashlib.sha256(data).hexdigest()
