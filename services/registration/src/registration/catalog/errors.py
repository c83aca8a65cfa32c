"""What can be wrong with events and categories."""

from chassis.errors import NotFound, StartlineError


class UnknownEvent(NotFound):
    """There is no such event."""

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
    """The BIB range overlaps with another category's of the same event."""

    indonesian = "Rentang nomor BIB bertumpang tindih dengan kategori lain di lomba yang sama."
    code = "bib_range_overlap"


class CategoryHasRegistrations(StartlineError):
    """A category with registrations cannot be deleted; deactivate it instead."""

    indonesian = "Kategori yang punya pendaftaran tidak dapat dihapus; nonaktifkan saja."
    code = "category_has_registrations"


class QuotaBelowTaken(StartlineError):
    """The quota cannot be lower than the places already taken."""

    indonesian = "Kuota tidak boleh lebih rendah daripada tempat yang sudah terisi."
    code = "quota_below_taken"


class BibsAlreadyGiven(StartlineError):
    """The BIB range cannot change any more: it must keep the BIBs given and hold one for every place."""

    indonesian = (
        "Rentang nomor BIB tidak dapat diubah lagi: nomor yang sudah diberikan harus tetap, dan setiap "
        "tempat perlu satu nomor."
    )
    code = "bibs_already_given"


class NumbersAlreadyGiven(StartlineError):
    """The prefix cannot change any more: registrations were numbered with it, and no other category may repeat them."""

    indonesian = (
        "Awalan tidak dapat diubah lagi: pendaftaran sudah dinomori dengannya, dan kategori lain tidak boleh "
        "mengulanginya."
    )
    code = "numbers_already_given"
