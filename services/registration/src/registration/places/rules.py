"""Which requests fit, and how many places are burned."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from registration.places.errors import BibsAlreadyGiven


@dataclass(frozen=True, slots=True)
class Places:
    """The places of a category as they are stored; see `CategoryPlaces`."""

    quota: int
    taken: int
    burned: int
    confirmed: int
    last_number: int
    next_bib: int
    bib_end: int

    @property
    def bibs_left(self) -> int:
        """BIBs of the range that were never given."""
        return self.bib_end - self.next_bib + 1


def fitting(sizes: Sequence[int], places_left: int) -> list[bool]:
    """Return which requests get their places, first come, first served.

    A request that does not fit leaves the places to smaller ones behind it.
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
    """Return how many burned places stay burned when quota or BIB range have changed.

    A burned place is given back when a BIB is left for it, and dropped when the quota no longer has it: the places
    that are neither confirmed nor burned need a BIB each, and no more places can be burned than there are.
    """
    missing = quota - confirmed - bibs_left
    return max(0, min(burned, missing))


def without_confirmed(places: Places, cancelled: int) -> Places:
    """Return the places after confirmed ones were cancelled: free again as far as there are BIBs for them."""
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
        BibsAlreadyGiven: the range would begin elsewhere after its first BIB was given.
    """
    if old_start not in (bib_start, places.next_bib):
        raise BibsAlreadyGiven
    next_bib = places.next_bib if bib_start == old_start else bib_start
    changed = replace(places, quota=quota, next_bib=next_bib, bib_end=bib_end)
    burned = still_burned(quota=quota, burned=places.burned, confirmed=places.confirmed, bibs_left=changed.bibs_left)
    return replace(changed, burned=burned, taken=places.taken - (places.burned - burned))
