"""Refusals about the organiser's QRIS code."""

from typing import Self

from chassis.errors import StartlineError

from payment.qris.rules import CodeRefused


class QrisNotRead(StartlineError):
    """No QRIS code is known. Upload a picture in which the whole code can be read, sharp and straight."""

    code = "qris_not_read"
    indonesian = "Belum ada kode QRIS yang terbaca. Unggah gambar yang menampilkan seluruh kode dengan jelas dan lurus."


class QrisNotUsable(StartlineError):
    """Payment apps will refuse this QRIS code. Upload the picture of your static QRIS code."""

    code = "qris_not_usable"
    indonesian = "Aplikasi pembayaran akan menolak kode QRIS ini. Unggah gambar kode QRIS statis Anda."

    @classmethod
    def because(cls, problem: CodeRefused) -> Self:
        """Return the error that says what is wrong with the code."""
        return cls(problem.wording)


class QrisNotConfirmed(StartlineError):
    """Confirm first that merchant, city and NMID of the QRIS picture are yours; a new picture needs it again."""

    code = "qris_not_confirmed"
    indonesian = (
        "Konfirmasikan dahulu bahwa nama merchant, kota, dan NMID pada gambar QRIS memang milik Anda; gambar baru "
        "harus dikonfirmasi lagi."
    )


class QrisChanged(StartlineError):
    """The QRIS picture was changed meanwhile. Look at what it says now, and confirm that."""

    code = "qris_changed"
    indonesian = "Gambar QRIS diganti sementara itu. Lihat isinya sekarang, lalu konfirmasikan."
