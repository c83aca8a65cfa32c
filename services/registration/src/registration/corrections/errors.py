"""Errors of corrections."""

from chassis.errors import NotFound, StartlineError


class UnknownParticipant(NotFound):
    """This registration has no such participant."""

    code = "unknown_participant"
    indonesian = "Pendaftaran ini tidak punya peserta tersebut."


class ChangesClosed(StartlineError):
    """Runners can no longer change this registration; ask the organiser."""

    code = "changes_closed"
    indonesian = "Pendaftaran ini tidak bisa diubah lagi oleh peserta; hubungi panitia."
