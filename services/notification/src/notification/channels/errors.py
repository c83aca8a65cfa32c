"""The ways in which an attempt to send a message can fail."""

from typing import ClassVar

from notification.channels.port import Culprit, Outcome


class NotSent(Exception):
    """A failed attempt. `reason` is a code that all staff see; the provider's text goes to the log only."""

    outcome: ClassVar[Outcome]
    culprit: Culprit = Culprit.RECIPIENT

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class TemporaryFailure(NotSent):
    """Not accepted; the same message may be accepted later."""

    outcome = Outcome.TEMPORARY


class PermanentFailure(NotSent):
    """Not accepted, and never will be."""

    outcome = Outcome.PERMANENT


class SenderFailure(NotSent):
    """Not sent, and other messages would fail, too: the account, the device or the server is the likely cause."""

    outcome = Outcome.SENDER_FAILURE

    def __init__(self, reason: str, culprit: Culprit = Culprit.EITHER) -> None:
        self.culprit = culprit
        super().__init__(reason)


class OutcomeUnknown(NotSent):
    """The connection ended while the message was being transferred."""

    outcome = Outcome.UNKNOWN


class PrivateAddress(Exception):
    """The host is an address of this machine, this network or a cloud's metadata service."""
