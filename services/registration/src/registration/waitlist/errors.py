"""Errors of the waiting list."""

from chassis.errors import NotFound, StartlineError


class UnknownWaitlistEntry(NotFound):
    """There is no waiting list entry with this id."""

    indonesian = "Tidak ada pendaftaran dengan id ini di daftar tunggu."
    code = "unknown_waitlist_entry"


class PlacesAvailable(StartlineError):
    """There are places for this registration: register instead of waiting."""

    indonesian = "Masih ada tempat untuk pendaftaran ini: daftar saja, tidak perlu menunggu."
    code = "places_available"


class AlreadyWaiting(StartlineError):
    """Somebody in this registration is on the waiting list of this category already."""

    indonesian = "Salah satu orang dalam pendaftaran ini sudah ada di daftar tunggu kategori ini."
    code = "already_waiting"


class NoOffer(StartlineError):
    """There is no offer to accept."""

    indonesian = "Tidak ada tawaran untuk diterima."
    code = "no_offer"


class OfferExpired(StartlineError):
    """The offer was not accepted in time."""

    indonesian = "Tawaran tidak diterima tepat waktu."
    code = "offer_expired"


class NotWaiting(StartlineError):
    """This entry does not wait (any more)."""

    indonesian = "Pendaftaran ini tidak (lagi) menunggu."
    code = "not_waiting"
