"""What can be wrong with an image."""

from chassis.errors import NotFound, StartlineError


class UnsupportedImage(StartlineError):
    """The file cannot be read as a picture. Send a complete JPEG, PNG or WebP image."""

    code = "unsupported_image"
    status = 415
    indonesian = "Berkas ini tidak terbaca sebagai gambar. Kirim gambar JPEG, PNG atau WebP yang utuh."


class TooBusy(StartlineError):
    """Too many images are being checked at this moment. Nothing was stored; try again shortly."""

    code = "too_busy"
    status = 503

    def __init__(self) -> None:
        super().__init__(headers={"Retry-After": "2"})


class ImageMissing(NotFound):
    """The image is not in the store any more."""

    code = "image_missing"
