"""Errors of links."""

from chassis.errors import NotFound


class UnknownLink(NotFound):
    """This link opens nothing: ask for a new one with your e-mail address or WhatsApp number."""

    code = "unknown_link"
    indonesian = "Tautan ini tidak berlaku: minta tautan baru dengan alamat e-mail atau nomor WhatsApp Anda."
