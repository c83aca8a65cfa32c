"""What can be wrong when standing in line."""

from chassis.errors import NotFound, StartlineError


class UnknownWaitlistEntry(NotFound):
    """Nobody with this id is or was on a waiting list."""

    code = "unknown_waitlist_entry"


class PlacesAvailable(StartlineError):
    """There are places for this registration: register instead of waiting."""

    code = "places_available"


class AlreadyWaiting(StartlineError):
    """Somebody in this registration is on the waiting list of this category already."""

    code = "already_waiting"


class NoOffer(StartlineError):
    """There is no offer to accept."""

    code = "no_offer"


class OfferExpired(StartlineError):
    """The offer was not accepted in time."""

    code = "offer_expired"


class NotWaiting(StartlineError):
    """This entry does not wait (any more)."""

    code = "not_waiting"
