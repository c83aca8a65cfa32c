"""The columns of the list, which staff choose."""

from collections.abc import Iterable, Sequence
from typing import Final

COLUMNS: Final = ("name", "status", "category", "type", "participants", "amount", "registered", "deadline")
"""All columns besides the number, in their order."""

_USUAL: Final = ("name", "status", "category", "participants", "amount", "registered")


def columns_in(given: Iterable[str]) -> str:
    """Return the columns in an address in their order; empty for the usual ones."""
    wanted = {name for text in given for name in text.split(",")}
    chosen = tuple(name for name in COLUMNS if name in wanted)
    return "" if chosen in ((), _USUAL) else ",".join(chosen)


def columns_of(text: str) -> Sequence[str]:
    """Return the columns that a part of an address names."""
    return text.split(",") if text else _USUAL
