"""Whether the gateway can give a payment back."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from payment.charges.rules import ChargeStatus
from payment.gateways.port import BalanceTooLow, ChargeMethod, GatewayRefused, OrderUnknown
from payment.refunds.rules import GatewayError

_STATUS_REFUSED: Final = "412"
"""Midtrans's code of a refund that is too late, or of a charge in a state that allows none."""


class WhyNot(StrEnum):
    """Why the gateway cannot give a payment back, so that a person has to transfer it.

    Attributes:
        NOT_BY_GATEWAY: it did not come through the gateway, or the gateway took its money back.
        NO_GATEWAY: there is no account at the gateway any more.
        OTHER_ORDER: it came through an order that was not created here, of which only the gateway's pages know enough.
    """

    VIRTUAL_ACCOUNT = "virtual_account"
    WINDOW_OVER = "window_over"
    NOT_BY_GATEWAY = "not_by_gateway"
    NO_GATEWAY = "no_gateway"
    OTHER_ORDER = "other_order"


@dataclass(frozen=True)
class PaidBy:
    """The charge that a payment came by.

    Attributes:
        refundable_until: last moment at which the gateway gives it back; None for never.
    """

    method: ChargeMethod
    status: ChargeStatus
    refundable_until: datetime | None


def why_not(charge: PaidBy | None, *, has_gateway: bool, now: datetime) -> WhyNot | None:
    """Return why the gateway cannot give money back, or None if it can."""
    if charge is None or charge.status is not ChargeStatus.PAID:
        return WhyNot.NOT_BY_GATEWAY
    if charge.method is ChargeMethod.VA:
        return WhyNot.VIRTUAL_ACCOUNT
    if charge.refundable_until is None or now > charge.refundable_until:
        return WhyNot.WINDOW_OVER
    return None if has_gateway else WhyNot.NO_GATEWAY


def why_refused(error: GatewayRefused | OrderUnknown, *, is_late: bool) -> GatewayError:
    """Return why the gateway refused to give money back.

    Args:
        is_late: whether the time in which it does is over, as far as known.
    """
    if isinstance(error, BalanceTooLow):
        return GatewayError.NO_BALANCE
    if isinstance(error, OrderUnknown):
        return GatewayError.NOT_BY_GATEWAY
    return GatewayError.WINDOW_OVER if is_late and str(error) == _STATUS_REFUSED else GatewayError.REFUSED
