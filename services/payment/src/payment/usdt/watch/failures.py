"""Why a pass over a chain is given up. Nothing of it is stored; the next endpoint, or the next pass, may succeed."""

from collections.abc import Mapping, Sequence
from typing import ClassVar, Final

from payment.usdt.evm.rpc import EndpointDown, EndpointError, EndpointLies, EndpointPrivate, EndpointRefused
from payment.usdt.watch.rules import Trouble


class PassFailed(Exception):
    """A pass was given up. The text is for logs: no URL."""

    trouble: ClassVar[Trouble]


class Moved(PassFailed):
    """The chain changed while it was read, or several nodes behind one address have different blocks."""

    trouble = Trouble.MOVED


class Behind(PassFailed):
    """The endpoint has older blocks than were read before, or no new one for long. That is not a reorganization."""

    trouble = Trouble.BEHIND


class TooDeep(PassFailed):
    """None of the remembered blocks is in the endpoint's chain."""

    trouble = Trouble.TOO_DEEP


class WrongChain(PassFailed):
    """The endpoint serves another network."""

    trouble = Trouble.WRONG_CHAIN


class NotRead(Exception):
    """No endpoint of a network could be read; why, in the order in which they were tried."""

    def __init__(self, troubles: Sequence[Trouble]) -> None:
        super().__init__(", ".join(troubles) or Trouble.NO_ENDPOINT)
        self.trouble = troubles[0] if troubles else Trouble.NO_ENDPOINT
        self.is_too_deep = bool(troubles) and set(troubles) == {Trouble.TOO_DEEP}


FAILURES: Final = (PassFailed, EndpointError)
"""What a pass over an endpoint raises if another endpoint may succeed."""

_TROUBLES: Final[Mapping[type[EndpointError], Trouble]] = {
    EndpointPrivate: Trouble.PRIVATE,  # before its base
    EndpointDown: Trouble.DOWN,
    EndpointRefused: Trouble.REFUSED,
    EndpointLies: Trouble.LIES,
}


def trouble_of(error: PassFailed | EndpointError) -> Trouble:
    """Return the trouble that an error is."""
    if isinstance(error, PassFailed):
        return error.trouble
    return next((trouble for kind, trouble in _TROUBLES.items() if isinstance(error, kind)), Trouble.DOWN)
