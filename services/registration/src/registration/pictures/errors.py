"""Errors of pictures of events."""

from chassis.errors import NotFound


class NoPicture(NotFound):
    """The event has no such picture."""

    code = "no_picture"
    indonesian = "Lomba ini tidak punya gambar seperti itu."
