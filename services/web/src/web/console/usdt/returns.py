"""Where USDT go back, as staff enter it for a runner, and correcting the transaction with which they went.

Refunds and kept money have both.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from web.console.apis import Failure, StaffApi, unless_away
from web.console.races.forms import placed
from web.console.usdt.models import Offers
from web.networks import network_of

ADDRESS: Final[Mapping[str, str]] = {
    "network": "address_network",
    "address": "address_to",
    "reason": "address_reason",
}
"""Fields of the form that enters an address, by the API's names of them."""

CORRECTION: Final[Mapping[str, str]] = {"reference": "correct_reference", "reason": "correct_reason"}
"""Fields of the form that corrects a transaction, by the API's names of them."""


async def enter_address(payment: StaffApi, path: str, typed: Mapping[str, str]) -> Failure | None:
    """Store where USDT go back; return why that failed, with the errors at the fields of the form, or None.

    Args:
        path: of the refund, or of the kept money.
    """
    return _placed(await payment.change("PUT", f"{path}/refund-address", _body(ADDRESS, typed)), ADDRESS)


async def correct(payment: StaffApi, path: str, typed: Mapping[str, str]) -> Failure | None:
    """Record another transaction; return why that failed, with the errors at the fields of the form, or None.

    Args:
        path: of the refund, or of the kept money.
    """
    return _placed(await payment.change("POST", f"{path}/correct", _body(CORRECTION, typed)), CORRECTION)


async def networks_back(payment: StaffApi) -> Sequence[tuple[str, str]]:
    """Return words and names of the networks, those that are offered first; none while payment does not answer.

    USDT also go back on one that is not offered any more, if the runner was to pay on it.
    """
    found = await unless_away(payment.get(Offers, "/usdt/networks"))
    offers = sorted(found.items if found else (), key=lambda each: each.reason == "not_offered")
    return [(each.network, network_of(each.network).in_full) for each in offers]


def _body(fields: Mapping[str, str], typed: Mapping[str, str]) -> Mapping[str, str]:
    return {name: typed.get(field, "") for name, field in fields.items()}


def _placed(failure: Failure | None, fields: Mapping[str, str]) -> Failure | None:
    return None if failure is None else placed(failure, {}, fields)
