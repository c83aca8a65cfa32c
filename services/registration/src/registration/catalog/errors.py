"""Errors of races and categories."""

from chassis.errors import NotFound, StartlineError


class UnknownEvent(NotFound):
    """There is no such race."""

    indonesian = "Tidak ada lomba seperti itu."
    code = "unknown_event"


class UnknownCategory(NotFound):
    """There is no such category."""

    indonesian = "Tidak ada kategori seperti itu."
    code = "unknown_category"


class SlugTaken(StartlineError):
    """Another one has this slug already."""

    indonesian = "Slug ini sudah dipakai yang lain."
    code = "slug_taken"


class PrefixTaken(StartlineError):
    """Another category numbers its registrations with this prefix already."""

    indonesian = "Kategori lain sudah memakai awalan ini untuk nomor pendaftarannya."
    code = "prefix_taken"


class BibRangeOverlap(StartlineError):
    """The BIB range overlaps with another category's of the same race."""

    indonesian = "Rentang nomor BIB bertumpang tindih dengan kategori lain di lomba yang sama."
    code = "bib_range_overlap"


class CategoryHasRegistrations(StartlineError):
    """A category with registrations cannot be deleted; deactivate it instead."""

    indonesian = "Kategori yang punya pendaftaran tidak dapat dihapus; nonaktifkan saja."
    code = "category_has_registrations"


class NumbersAlreadyGiven(StartlineError):
    """The prefix cannot change any more: registrations were numbered with it, and no other category may repeat them."""

    indonesian = (
        "Awalan tidak dapat diubah lagi: pendaftaran sudah dinomori dengannya, dan kategori lain tidak boleh "
        "mengulanginya."
    )
    code = "numbers_already_given"
