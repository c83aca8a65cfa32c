"""The filter of lists by what one person has checked and another one has to."""

from typing import Final

from web.console.lists import ListState

SECOND: Final = "second"
"""Name of the filter in addresses."""

AWAITED: Final = "awaited"


def awaited(state: ListState) -> str | None:
    """Return the value of payment's filter `waits_for_second`; None without the filter."""
    return "true" if state.value(SECOND) == AWAITED else None
