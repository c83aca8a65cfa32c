"""Refusals about transfers."""

from chassis.errors import StartlineError


class TransferNotOffered(StartlineError):
    """The organiser has no bank account to transfer to. Choose another way to pay."""

    code = "transfer_not_offered"
    indonesian = "Panitia tidak menerima transfer bank. Pilih cara bayar lain."
