"""Refusals about the payment instructions."""

from chassis.errors import NotFound


class NoQrisImage(NotFound):
    """The organiser has set no QRIS image."""

    code = "no_qris_image"
    indonesian = "Panitia belum memasang gambar QRIS."
