"""Refusals about managing staff."""

from chassis.errors import StartlineError


class EmailTaken(StartlineError):
    """Another member of staff has this e-mail address."""

    indonesian = "Petugas lain memakai alamat e-mail ini."
    code = "email_taken"


class LastOwner(StartlineError):
    """The last active owner must stay one: name another owner first."""

    indonesian = "Pemilik aktif terakhir harus tetap pemilik: tunjuk pemilik lain dahulu."
    code = "last_owner"


class OutdatedPassword(Exception):
    """The password that was checked was replaced before the change could be stored; nothing was changed."""
