"""Errors of creating and changing a registration."""

from chassis.errors import NotFound, StartlineError


class UnknownRegistration(NotFound):
    """There is no such registration."""

    indonesian = "Tidak ada pendaftaran seperti itu."
    code = "unknown_registration"


class NotCancellable(StartlineError):
    """A registration in this status cannot be cancelled."""

    indonesian = "Pendaftaran dengan status ini tidak dapat dibatalkan."
    code = "not_cancellable"


class NotVerified(StartlineError):
    """There are no tickets before the payment is verified."""

    indonesian = "Belum ada tiket sebelum pembayaran diverifikasi."
    code = "not_verified"


class UnknownTicket(NotFound):
    """No ticket has this code."""

    indonesian = "Tidak ada tiket dengan kode ini."
    code = "unknown_ticket"


class RegistrationNotOpen(StartlineError):
    """Registration for this category has not opened."""

    indonesian = "Pendaftaran kategori ini belum dibuka."
    code = "registration_not_open"


class RegistrationClosed(StartlineError):
    """Registration for this category is closed."""

    indonesian = "Pendaftaran kategori ini sudah ditutup."
    code = "registration_closed"
