"""Refusals about staff accounts."""

from chassis.errors import NotFound


class UnknownStaff(NotFound):
    """There is no such member of staff."""

    indonesian = "Tidak ada petugas seperti itu."
    code = "unknown_staff"
