"""Distribution of places among requests, and burned places."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from registration.places.errors import BibsAlreadyGiven


@dataclass(frozen=True, slots=True)
class Places:
    """The stored places of a category; see `CategoryPlaces`."""

    quota: int
    taken: int
    burned: int
    confirmed: int
    last_number: int
    next_bib: int
    bib_end: int

    @property
    def bibs_left(self) -> int:
        """Return the number of BIBs of the range that were never assigned."""
        return self.bib_end - self.next_bib + 1


def fitting(sizes: Sequence[int], places_left: int) -> list[bool]:
    """Return which requests get their places, first come, first served.

    A request that does not fit is skipped, so that smaller ones behind it may get the places.
    """
    answers = []
    for size in sizes:
        fits = size <= places_left
        answers.append(fits)
        places_left -= size if fits else 0
    return answers


def burned_places(*, cancelled: int, quota: int, burned: int, confirmed: int, bibs_left: int) -> int:
    """Return how many of `cancelled` confirmed places cannot be taken again, because no BIB is left for them."""
    missing = (quota - burned - (confirmed - cancelled)) - bibs_left
    return max(0, min(cancelled, missing))


def still_burned(*, quota: int, burned: int, confirmed: int, bibs_left: int) -> int:
    """Return how many burned places stay burned after a change of quota or BIB range.

    A burned place becomes free if a BIB is left for it, and is removed if the quota no longer includes it: each place
    that is neither confirmed nor burned needs a BIB, and no more places can be burned than exist.
    """
    missing = quota - confirmed - bibs_left
    return max(0, min(burned, missing))


def without_confirmed(places: Places, cancelled: int) -> Places:
    """Return the places after confirmed ones were cancelled; they become free as far as BIBs are left for them."""
    burned = burned_places(
        cancelled=cancelled,
        quota=places.quota,
        burned=places.burned,
        confirmed=places.confirmed,
        bibs_left=places.bibs_left,
    )
    return replace(
        places,
        confirmed=places.confirmed - cancelled,
        burned=places.burned + burned,
        taken=places.taken - cancelled + burned,
    )


def resized(places: Places, *, quota: int, old_start: int, bib_start: int, bib_end: int) -> Places:
    """Return the places after a change of quota or BIB range.

    Args:
        old_start: the first BIB of the range before the change.

    Raises:
        BibsAlreadyGiven: the first BIB of the range was assigned, so the range cannot begin elsewhere.
    """
    if old_start not in (bib_start, places.next_bib):
        raise BibsAlreadyGiven
    next_bib = places.next_bib if bib_start == old_start else bib_start
    changed = replace(places, quota=quota, next_bib=next_bib, bib_end=bib_end)
    burned = still_burned(quota=quota, burned=places.burned, confirmed=places.confirmed, bibs_left=changed.bibs_left)
    return replace(changed, burned=burned, taken=places.taken - (places.burned - burned))
