"""A bounded store that keeps the newest items."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar


class Keepable(Protocol):
    """An item with an id and a size in bytes."""

    @property
    def id(self) -> str: ...

    @property
    def size(self) -> int: ...


T = TypeVar("T", bound=Keepable)


class Store(Generic[T]):
    """Keeps the newest items, at most `items` of them with at most `total_bytes` together. Iterates oldest first."""

    def __init__(self, *, items: int, total_bytes: int) -> None:
        self._limit = items
        self._bytes_limit = total_bytes
        self._items: OrderedDict[str, T] = OrderedDict()
        self._bytes = 0

    def add(self, item: T) -> None:
        self._items[item.id] = item
        self._bytes += item.size
        while len(self._items) > self._limit or self._bytes > self._bytes_limit:
            _, forgotten = self._items.popitem(last=False)
            self._bytes -= forgotten.size

    def get(self, item_id: str) -> T | None:
        return self._items.get(item_id)

    def clear(self) -> None:
        self._items.clear()
        self._bytes = 0

    def __iter__(self) -> Iterator[T]:
        return iter(tuple(self._items.values()))

    def __reversed__(self) -> Iterator[T]:
        return reversed(tuple(self._items.values()))

    def __len__(self) -> int:
        return len(self._items)
