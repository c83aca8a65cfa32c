"""Refusals about receiving keys."""

from collections.abc import Mapping
from typing import Final, Self

from chassis.errors import NotFound, StartlineError, Unavailable
from chassis.wording import Wording

from payment.usdt.evm.hd import KeyFault

_WHY: Final[Mapping[KeyFault, Wording]] = {
    KeyFault.PRIVATE: Wording(
        en="This is a private key, or the words that restore one, which must never leave the wallet. Nothing was"
        " stored. Move what it holds to a new wallet, and enter the public key (xpub) of an account there.",
        id="Ini kunci privat, atau kata pemulihannya, yang tidak boleh keluar dari dompet. Tidak ada yang disimpan."
        " Pindahkan isinya ke dompet baru, lalu masukkan kunci publik (xpub) dari akun di sana.",
    ),
    KeyFault.OTHER_VERSION: Wording(
        en="This is an extended key of another kind. Export the public key that starts with `xpub`.",
        id="Ini extended key jenis lain. Ekspor kunci publik yang diawali `xpub`.",
    ),
    KeyFault.WRONG_DEPTH: Wording(
        en="This is not the key of an account. Export the public key of the account, such as m/44'/60'/0'.",
        id="Ini bukan kunci sebuah akun. Ekspor kunci publik dari akunnya, misalnya m/44'/60'/0'.",
    ),
    KeyFault.CHECKSUM: Wording(
        en="The key has a typing error. Copy the whole key again.",
        id="Ada salah ketik pada kunci ini. Salin lagi seluruh kuncinya.",
    ),
    KeyFault.UNREADABLE: Wording(
        en="This is not an extended public key. Copy the whole text that starts with `xpub`.",
        id="Ini bukan extended public key. Salin seluruh teks yang diawali `xpub`.",
    ),
}


class PublicKeyRefused(StartlineError):
    """This is not the extended public key of an account; `why` says what it is."""

    code = "not_a_public_key"
    status = 422
    indonesian = "Ini bukan extended public key dari sebuah akun; `why` menyebut alasannya."

    @classmethod
    def because(cls, why: KeyFault) -> Self:
        """Return the error that says what is wrong with the key, without the key."""
        return cls(_WHY[why], why=why.value)


class UnknownKey(NotFound):
    """There is no such receiving key."""

    code = "unknown_key"
    indonesian = "Kunci penerima ini tidak ada."


class KeyKnown(StartlineError):
    """This key was entered before; `key_state` says whether it is active or retired. Use another account."""

    code = "key_known"
    indonesian = (
        "Kunci ini sudah pernah dimasukkan; `key_state` menyebut apakah masih aktif atau sudah diganti. Pakai akun"
        " lain."
    )


class KeyRetired(StartlineError):
    """This key was replaced by another one. Enter the key of another account."""

    code = "key_retired"
    indonesian = "Kunci ini sudah diganti dengan kunci lain. Masukkan kunci dari akun lain."


class KeyUnreadable(StartlineError):
    """The server cannot decrypt this key any more. Enter the same key again."""

    code = "key_unreadable"
    indonesian = "Server tidak dapat lagi membuka kunci ini. Masukkan lagi kunci yang sama."


class AddressDiffers(StartlineError):
    """This is not the first address of the key. Compare with the wallet: if they differ, do not use this key."""

    code = "address_differs"
    status = 422
    indonesian = (
        "Ini bukan alamat pertama dari kunci tersebut. Bandingkan dengan dompet Anda: bila berbeda, jangan pakai kunci"
        " ini."
    )


class NoReceivingKey(Unavailable):
    """Payment in USDT is not set up yet. Choose another way to pay."""

    code = "usdt_not_ready"
    indonesian = "Pembayaran dengan USDT belum siap. Pilih cara bayar lain."
