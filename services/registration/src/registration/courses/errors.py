"""Errors of courses of events."""

from chassis.errors import NotFound


class NoCourse(NotFound):
    """The event has no course to download."""

    code = "no_course"
    indonesian = "Lomba ini tidak punya berkas rute untuk diunduh."
