"""What can be wrong with an image."""

from datetime import timedelta
from math import ceil
from typing import Self

from chassis.errors import NotFound, StartlineError
from chassis.wording import Wording


class UnsupportedImage(StartlineError):
    """The file cannot be read as a picture. Send a complete JPEG, PNG or WebP image."""

    code = "unsupported_image"
    status = 415
    indonesian = "Berkas ini tidak terbaca sebagai gambar. Kirim gambar JPEG, PNG atau WebP yang utuh."


class ProofInProgress(StartlineError):
    """Another upload for this registration is being checked. Wait for it, then look whether it has arrived."""

    code = "proof_in_progress"
    indonesian = (
        "Unggahan lain untuk pendaftaran ini sedang diperiksa. Tunggu sampai selesai, lalu lihat apakah sudah masuk."
    )

    @classmethod
    def until(cls, remaining: timedelta) -> Self:
        """Say when the other upload has ended at the latest."""
        seconds = max(1, ceil(remaining.total_seconds()))
        wording = Wording(
            en="Another upload for this registration is being checked. It ends within "
            f"{seconds} s; look then whether it has arrived.",
            id="Unggahan lain untuk pendaftaran ini sedang diperiksa. Selesai paling lama dalam "
            f"{seconds} detik; setelah itu lihat apakah sudah masuk.",
        )
        return cls(wording, headers={"Retry-After": str(seconds)})


class TooBusy(StartlineError):
    """Too many images are being checked at this moment. Nothing was stored; try again shortly."""

    code = "too_busy"
    status = 503
    indonesian = "Terlalu banyak gambar sedang diperiksa. Tidak ada yang tersimpan; coba lagi sebentar lagi."

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "2"})


class ImageMissing(NotFound):
    """The image is not in the store any more."""

    code = "image_missing"
    indonesian = "Gambar ini sudah tidak ada di penyimpanan."
