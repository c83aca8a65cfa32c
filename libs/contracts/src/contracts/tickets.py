"""The human-readable number of a ticket, which services derive from what events contain."""

import re
from dataclasses import dataclass
from typing import Final, Self

_TYPED: Final = re.compile(r"TIX-([A-Z0-9_-]+)-([0-9]{2})", re.ASCII | re.IGNORECASE)
_USUAL: Final = re.compile(r"([A-Z0-9_]+)-([0-9]{5})")
_SHORT: Final = re.compile(r"([A-Z0-9_]+)([0-9]{5})")


@dataclass(frozen=True)
class TicketNumber:
    """The number of a ticket, such as `TIX-FR5K00042-01` for the first participant of `FR5K-00042`.

    It is unique, as registration numbers are: the only dash of one that ends in five digits is left out, and any other
    is written with all its dashes, `TIX-FR5K-2027-00042-01`. It is no secret and opens nothing, unlike the ticket code.

    Attributes:
        sequence: position of the participant in the registration, from 1, which is also the order of its BIBs.
    """

    registration_number: str
    sequence: int

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Return the ticket number that a text is, in upper or lower case; None if it is none."""
        found = _TYPED.fullmatch(text.strip())
        if found is None or found[2] == "00":
            return None
        number = found[1].upper()
        if short := _SHORT.fullmatch(number):
            return cls("-".join(short.groups()), int(found[2]))
        return cls(number, int(found[2])) if "-" in number else None

    def __str__(self) -> str:
        """Return the number as it is shown."""
        usual = _USUAL.fullmatch(self.registration_number)
        number = "".join(usual.groups()) if usual else self.registration_number
        return f"TIX-{number}-{self.sequence:02d}"
