"""Refusals about handing over packs."""

from chassis.errors import NotFound, StartlineError


class UnknownTicket(NotFound):
    """There is no participant with this ticket on the roster."""

    indonesian = "Tidak ada peserta dengan tiket ini."
    code = "unknown_ticket"


class OtherEvent(StartlineError):
    """This ticket is for another race than this station's; `event_id` and `event_name` say for which."""

    code = "other_event"
    indonesian = "Tiket ini untuk lomba lain, bukan lomba di meja ini."


class NotValid(StartlineError):
    """This registration was cancelled: no pack."""

    indonesian = "Pendaftaran ini sudah dibatalkan: tidak ada paket."
    code = "not_valid"


class AlreadyCheckedIn(StartlineError):
    """This pack was handed over before; `checked_in_at`, `station_name` and `location_name` say when and where."""

    indonesian = (
        "Paket ini sudah diserahkan; `checked_in_at`, `station_name`, dan `location_name` menyebut kapan dan di mana."
    )
    code = "already_checked_in"


class IdempotencyKeyReused(StartlineError):
    """This Idempotency-Key stood for another participant."""

    indonesian = "Idempotency-Key ini dipakai untuk peserta lain."
    code = "idempotency_key_reused"
    status = 422


class CheckinUndone(StartlineError):
    """The check-in this Idempotency-Key stood for was undone since: scan again, with a new key."""

    indonesian = "Penyerahan dengan Idempotency-Key ini sudah dibatalkan: pindai lagi dengan kunci baru."
    code = "checkin_undone"


class NotCheckedIn(NotFound):
    """This participant's pack has not been handed over."""

    indonesian = "Paket peserta ini belum diserahkan."
    code = "not_checked_in"
