"""Columns of a list, of which staff choose some; the choice stands in the address."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Columns:
    """The columns of a list besides the one that is always there.

    Attributes:
        names: of all, in their order.
        usual: names of those that are shown if none is chosen.
    """

    names: Sequence[str]
    usual: Sequence[str]

    def chosen(self, given: Iterable[str]) -> str:
        """Return the columns that an address names, in their order; empty for the usual ones."""
        wanted = {name for text in given for name in text.split(",")}
        found = [name for name in self.names if name in wanted]
        return "" if found in ([], list(self.usual)) else ",".join(found)

    def shown(self, chosen: str) -> Sequence[str]:
        """Return the names of the columns to show."""
        return chosen.split(",") if chosen else self.usual
