"""What may be refused about staff."""

from chassis.errors import NotFound, StartlineError


class UnknownStaff(NotFound):
    """There is no such member of staff."""

    code = "unknown_staff"


class EmailTaken(StartlineError):
    """Another member of staff has this e-mail address."""

    code = "email_taken"


class LastOwner(StartlineError):
    """The last active owner must stay one: name another owner first."""

    code = "last_owner"
