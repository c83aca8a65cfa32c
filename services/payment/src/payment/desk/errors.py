"""What can be wrong at the desk."""

from chassis.errors import NotFound, StartlineError


class UnknownPayment(NotFound):
    """There is no such payment."""

    code = "unknown_payment"


class AlreadyDecided(StartlineError):
    """This payment was verified or rejected already."""

    code = "already_decided"
