"""Errors of changes to places."""

from chassis.errors import StartlineError


class QuotaBelowTaken(StartlineError):
    """The quota cannot be lower than the places already taken."""

    indonesian = "Kuota tidak boleh lebih rendah daripada tempat yang sudah terisi."
    code = "quota_below_taken"


class BibsAlreadyGiven(StartlineError):
    """The BIB range cannot change any more: it must keep the BIBs given and hold one for every place."""

    indonesian = (
        "Rentang nomor BIB tidak dapat diubah lagi: nomor yang sudah diberikan harus tetap, dan setiap "
        "tempat perlu satu nomor."
    )
    code = "bibs_already_given"
