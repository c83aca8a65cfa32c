"""What can be wrong when dealing with a registration."""

from chassis.errors import NotFound, StartlineError


class UnknownRegistration(NotFound):
    """There is no such registration."""

    code = "unknown_registration"


class NotCancellable(StartlineError):
    """A registration in this status cannot be cancelled."""

    code = "not_cancellable"


class NotVerified(StartlineError):
    """There are no tickets before the payment is verified."""

    code = "not_verified"


class UnknownTicket(NotFound):
    """No ticket has this code."""

    code = "unknown_ticket"
