"""Refusals about the address, or the transaction, of a refund in USDT."""

from typing import Final

from chassis.errors import StartlineError
from chassis.wording import Wording

NETWORK: Final = Wording(
    en="USDT do not go back on this network. Choose another one.",
    id="USDT tidak dikembalikan lewat jaringan ini. Pilih jaringan lain.",
)
NOT_AN_ADDRESS: Final = Wording(
    en="This is not an address. Copy all of it from your wallet or exchange: 0x and 40 characters.",
    id="Ini bukan alamat. Salin seluruhnya dari dompet atau bursa Anda: 0x dan 40 karakter.",
)
OF_A_CONTRACT: Final = Wording(
    en="This is the address of a token, not yours: what is sent there is lost. Copy the address for receiving USDT.",
    id="Ini alamat sebuah token, bukan alamat Anda: kiriman ke sana hilang. Salin alamat untuk menerima USDT.",
)
OF_OURS: Final = Wording(
    en="This is an address to which registrations are paid. Enter an address of your own.",
    id="Ini alamat untuk membayar pendaftaran. Isikan alamat milik Anda sendiri.",
)
NOT_A_HASH: Final = Wording(
    en="Enter the hash of the transaction: 0x and 64 characters, as the wallet or the explorer shows it.",
    id="Isikan hash transaksinya: 0x dan 64 karakter, seperti tampil di dompet atau penjelajah blok.",
)


class NotInUsdt(StartlineError):
    """This money did not come in USDT, so it does not go back in USDT."""

    code = "not_in_usdt"
    indonesian = "Uang ini tidak masuk sebagai USDT, jadi tidak dikembalikan sebagai USDT."


class AddressOfRunner(StartlineError):
    """The runner has named an address, which only the runner can change."""

    code = "refund_address_of_runner"
    indonesian = "Peserta sudah menyebutkan alamat, dan hanya peserta yang bisa mengubahnya."


class NothingRecorded(StartlineError):
    """No transaction in USDT is recorded for this, so there is none to correct."""

    code = "no_transaction_recorded"
    indonesian = "Belum ada transaksi USDT yang dicatat di sini, jadi tidak ada yang perlu dibetulkan."


class TransactionFound(StartlineError):
    """The chain has this transaction, and it pays what has to go back: it is not corrected any more."""

    code = "transaction_found"
    indonesian = "Transaksi ini ada di rantai dan membayar yang harus dikembalikan, jadi tidak bisa dibetulkan lagi."
