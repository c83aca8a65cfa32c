"""Refusals, with the codes that Midtrans lists for them."""


class Refused(Exception):
    """The request is refused.

    Attributes:
        code: `status_code` of the body, and the HTTP status unless errors are in the body only.
        details: `validation_messages` of the body; empty if it has none.
    """

    code = 400

    def __init__(self, *details: str) -> None:
        super().__init__((self.__doc__ or "").strip())
        self.details = details


class StillRunning(Refused):
    """A request with this Idempotency-Key is still being processed."""

    code = 202


class InvalidRequest(Refused):
    """One or more parameters in the request are invalid."""

    code = 400


class WrongKey(Refused):
    """The server key is not valid for this environment."""

    code = 401


class ChannelInactive(Refused):
    """The payment channel is not activated for this merchant."""

    code = 402


class UnknownTransaction(Refused):
    """The transaction does not exist."""

    code = 404


class OrderIdUsed(Refused):
    """The order id has been used before."""

    code = 406


class DuplicateRefund(Refused):
    """A refund with this refund_key has been made before."""

    code = 406


class NotModifiable(Refused):
    """The status of this transaction cannot be changed in this way."""

    code = 412


class Unreadable(Refused):
    """The body is not a JSON object."""

    code = 413


class RefundRefused(Refused):
    """The refund is refused because of its amount or the merchant's balance."""

    code = 414


class TooManyRequests(Refused):
    """The rate limit for charges is exceeded."""

    code = 429


class Down(Exception):
    """The API is down."""
