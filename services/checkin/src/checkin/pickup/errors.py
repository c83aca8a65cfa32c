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


class TooManyScans(StartlineError):
    """This device was revoked, and so many of its scans are kept that no more are taken: show them to an admin."""

    indonesian = (
        "Perangkat ini sudah dikeluarkan, dan pindaiannya yang disimpan sudah terlalu banyak: tunjukkan sisanya kepada "
        "admin."
    )
    code = "too_many_scans"


class UnknownConflict(NotFound):
    """There is no conflict with this id."""

    indonesian = "Tidak ada konflik dengan id ini."
    code = "unknown_conflict"


class ConflictResolved(StartlineError):
    """This conflict was resolved before; `resolved_by` and `resolution` say who and how."""

    indonesian = "Konflik ini sudah diselesaikan; `resolved_by` dan `resolution` menyebut oleh siapa dan bagaimana."
    code = "conflict_resolved"


class CannotAccept(StartlineError):
    """Only a scan of a valid ticket by a device that was revoked can be accepted."""

    indonesian = "Hanya pindaian tiket yang sah oleh perangkat yang sudah dikeluarkan yang dapat diterima."
    code = "cannot_accept"


class NotCheckedIn(NotFound):
    """This participant's pack has not been handed over."""

    indonesian = "Paket peserta ini belum diserahkan."
    code = "not_checked_in"
