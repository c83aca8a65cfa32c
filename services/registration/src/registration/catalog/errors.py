"""What can be wrong with events and categories."""

from chassis.errors import NotFound, StartlineError


class UnknownEvent(NotFound):
    """There is no such event."""

    code = "unknown_event"


class UnknownCategory(NotFound):
    """There is no such category."""

    code = "unknown_category"


class SlugTaken(StartlineError):
    """Another one has this slug already."""

    code = "slug_taken"


class PrefixTaken(StartlineError):
    """Another category numbers its registrations with this prefix already."""

    code = "prefix_taken"


class BibRangeOverlap(StartlineError):
    """The BIB range overlaps with another category's of the same event."""

    code = "bib_range_overlap"


class CategoryHasRegistrations(StartlineError):
    """A category with registrations cannot be deleted; deactivate it instead."""

    code = "category_has_registrations"


class QuotaBelowTaken(StartlineError):
    """The quota cannot be lower than the places already taken."""

    code = "quota_below_taken"


class BibsAlreadyGiven(StartlineError):
    """The BIB range cannot change any more: it must keep the BIBs given and hold one for every place."""

    code = "bibs_already_given"


class NumbersAlreadyGiven(StartlineError):
    """The prefix cannot change any more: registrations were numbered with it, and no other category may repeat them."""

    code = "numbers_already_given"
