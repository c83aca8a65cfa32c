"""The ways in which an attempt to send a message can fail."""

from typing import ClassVar

from notification.channels.port import Culprit, Outcome


class NotSent(Exception):
    """An attempt that did not end well. `reason` is a code that all staff see; what a provider said goes to the log."""

    outcome: ClassVar[Outcome]
    culprit: Culprit = Culprit.RECIPIENT

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


class TemporaryFailure(NotSent):
    """Not accepted now; the same message may be accepted later."""

    outcome = Outcome.TEMPORARY


class PermanentFailure(NotSent):
    """Never going to be accepted as it is."""

    outcome = Outcome.PERMANENT


class SenderFailure(NotSent):
    """Nothing left, and it seems that no other message would: the account, the device or the server is the trouble."""

    outcome = Outcome.SENDER_FAILURE

    def __init__(self, reason: str, culprit: Culprit = Culprit.EITHER) -> None:
        self.culprit = culprit
        super().__init__(reason)


class OutcomeUnknown(NotSent):
    """The connection ended after the message had begun to leave."""

    outcome = Outcome.UNKNOWN


class PrivateAddress(Exception):
    """The host is an address of this machine, this network or a cloud's metadata service."""
