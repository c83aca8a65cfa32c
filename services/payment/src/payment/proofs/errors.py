"""What can be wrong with an image."""

from chassis.errors import NotFound, StartlineError


class UnsupportedImage(StartlineError):
    """The file cannot be read as a picture. Send a complete JPEG, PNG or WebP image."""

    code = "unsupported_image"
    status = 415
    indonesian = "Berkas ini tidak terbaca sebagai gambar. Kirim gambar JPEG, PNG atau WebP yang utuh."


class ProofInProgress(StartlineError):
    """Another upload for this registration is being checked. Wait a few seconds, then look whether it has arrived."""

    code = "proof_in_progress"
    indonesian = (
        "Unggahan lain untuk pendaftaran ini sedang diperiksa. Tunggu beberapa detik, lalu lihat apakah sudah masuk."
    )

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "5"})


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
