"""The periods for which sent events are kept."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple


class Period(NamedTuple):
    """From `start` up to, and without, `end`."""

    start: datetime
    end: datetime


def gapless(periods: Iterable[Period], moment: datetime) -> Period | None:
    """Return the longest period around `moment` that `periods` cover without a gap; None if they do not cover it."""
    whole: Period | None = None
    for each in sorted(periods):
        if whole is not None and each.start == whole.end:
            whole = Period(whole.start, each.end)
        elif each.start <= moment:
            whole = each
    return whole if whole is not None and whole.start <= moment < whole.end else None
