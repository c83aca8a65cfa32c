"""Examples of the console's pages, one module for each area, and the data in them that is the same in all languages."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from . import (
    walk_accounts,
    walk_bulk,
    walk_console_usdt,
    walk_gateway,
    walk_messages,
    walk_money,
    walk_ops,
    walk_overview,
    walk_prices,
    walk_races,
    walk_refunds,
    walk_registration,
    walk_undo,
)
from .walk import Answers, Example
from .walk_accounts_answers import ANSWERS as OF_ACCOUNTS
from .walk_console_usdt_answers import ANSWERS as OF_USDT
from .walk_console_usdt_answers import OF_REFUNDS
from .walk_gateway_answers import ANSWERS as OF_GATEWAY
from .walk_messages_answers import ANSWERS as OF_MESSAGES
from .walk_money_answers import ANSWERS as OF_MONEY
from .walk_ops_answers import ANSWERS as OF_OPS
from .walk_overview_answers import OVERVIEW_ANSWERS
from .walk_prices import ANSWERS as OF_PRICES
from .walk_races_answers import ANSWERS as OF_RACES
from .walk_registration_answers import ANSWERS as OF_REGISTRATION
from .walk_registrations_answers import ANSWERS as OF_LISTS

Examples = Mapping[str, tuple[Example, ...]]


def _usual(examples: Examples, answers: Answers) -> Examples:
    """Return the examples of an area with what its APIs answer unless an example says otherwise."""
    return {path: tuple(replace(each, usual=answers) for each in found) for path, found in examples.items()}


def _joined(*areas: Examples) -> Examples:
    """Return the examples of all areas; several may have some of one page."""
    found: dict[str, tuple[Example, ...]] = {}
    for area in areas:
        for path, examples in area.items():
            found[path] = (*found.get(path, ()), *examples)
    return found


AREAS: Final[Examples] = _joined(
    _usual(walk_overview.OVERVIEW, OVERVIEW_ANSWERS),
    _usual(walk_registration.EXAMPLES, OF_REGISTRATION),
    _usual(walk_races.EXAMPLES, OF_RACES),
    _usual(walk_prices.EXAMPLES, OF_PRICES),
    _usual(walk_ops.EXAMPLES, OF_OPS),
    _usual(walk_messages.EXAMPLES, OF_MESSAGES),
    _usual(walk_money.EXAMPLES, OF_MONEY),
    _usual(walk_refunds.EXAMPLES, OF_MONEY),
    _usual(walk_accounts.EXAMPLES, OF_ACCOUNTS),
    _usual(walk_undo.EXAMPLES, OF_ACCOUNTS),
    _usual(walk_gateway.EXAMPLES, OF_GATEWAY),
    _usual(walk_console_usdt.EXAMPLES, OF_USDT),
    _usual(walk_console_usdt.PAYMENTS, OF_REFUNDS),
    _usual(walk_bulk.EXAMPLES, OF_LISTS),
)
AREA_DATA: Final[Sequence[str]] = (
    *walk_overview.OVERVIEW_DATA,
    *walk_registration.DATA,
    *walk_races.DATA,
    *walk_prices.DATA,
    *walk_ops.DATA,
    *walk_messages.DATA,
    *walk_money.DATA,
    *walk_accounts.DATA,
    *walk_gateway.DATA,
    *walk_console_usdt.DATA,
    *walk_bulk.DATA,
)
