"""PINs of stations. They are made here, shown on the one page that answers, and stored nowhere but hashed."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Final

from web.console.apis import Failure

PIN_FIELD: Final = "pin_code"
_TRIES: Final = 8
"""Check-in refuses one PIN in twenty as too easy to guess."""


def random_pin() -> str:
    """Return six random digits."""
    return f"{secrets.randbelow(10**6):06}"


async def with_new_pin(change: Callable[[str], Awaitable[Failure | None]]) -> tuple[str, Failure | None]:
    """Make a change with a new PIN, and again while that PIN is too easy to guess. Return it, and why it failed."""
    for _ in range(_TRIES - 1):
        pin = random_pin()
        failure = await change(pin)
        if failure is None or not _is_about_the_pin(failure):
            return pin, failure
    pin = random_pin()
    return pin, await change(pin)


def _is_about_the_pin(failure: Failure) -> bool:
    return bool(failure.errors) and all(each.field == PIN_FIELD for each in failure.errors)
