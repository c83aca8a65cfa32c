"""Merging several sorted streams, so that a million registrations do not have to fit in memory."""

from collections.abc import AsyncIterator, Callable
from typing import Generic, TypeVar
from uuid import UUID

ItemT = TypeVar("ItemT")


class Stream(Generic[ItemT]):
    """A stream sorted by registration, read group by group."""

    def __init__(self, items: AsyncIterator[ItemT], key: Callable[[ItemT], UUID]) -> None:
        self._items = items
        self._key = key
        self._next: ItemT | None = None
        self._started = False

    async def upcoming(self) -> UUID | None:
        """Return the registration of the next item; None at the end."""
        if not self._started:
            await self._advance()
        return None if self._next is None else self._key(self._next)

    async def take(self, registration_id: UUID) -> list[ItemT]:
        """Return all items of that registration if they come next, otherwise an empty list."""
        taken: list[ItemT] = []
        while await self.upcoming() == registration_id and self._next is not None:
            taken.append(self._next)
            await self._advance()
        return taken

    async def _advance(self) -> None:
        self._started = True
        self._next = await anext(self._items, None)
