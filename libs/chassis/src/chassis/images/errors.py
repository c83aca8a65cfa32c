"""Refusals about uploaded images."""

from chassis.errors import NotFound, StartlineError


class UnsupportedImage(StartlineError):
    """The file cannot be read as a picture. Send a complete JPEG, PNG or WebP image."""

    code = "unsupported_image"
    status = 415
    indonesian = "Berkas ini tidak terbaca sebagai gambar. Kirim gambar JPEG, PNG atau WebP yang utuh."


class ImageMissing(NotFound):
    """The image is not in the store any more."""

    code = "image_missing"
    indonesian = "Gambar ini sudah tidak ada di penyimpanan."
