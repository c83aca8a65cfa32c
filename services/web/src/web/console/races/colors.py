"""The colour of a race, with the contrast of the text on it."""

import re
from dataclasses import dataclass
from math import floor
from typing import Annotated, Final, Self

from chassis.colors import ENOUGH_CONTRAST, WHITE, contrast, ink_on
from fastapi import Query, Request, Response

from web.console.access import Admin
from web.console.routing import ConsoleRouter
from web.pages import private_page

router = ConsoleRouter()

PATH: Final = "/races/color"

_COLOR: Final = re.compile("#[0-9A-Fa-f]{6}")


@dataclass(frozen=True)
class Swatch:
    """A colour with the better of the two inks for text on it.

    Attributes:
        ratio: contrast of the two, from 1 to 21, rounded down, so that too little never looks like enough.
    """

    color: str
    ink: str
    ratio: float

    @classmethod
    def of(cls, text: str) -> Self | None:
        """Return the swatch of a colour `#rrggbb`; None if the text is none."""
        if not _COLOR.fullmatch(text):
            return None
        color = text.lower()
        ink = ink_on(color)
        return cls(color, ink, floor(contrast(color, ink) * 10) / 10)

    @property
    def is_readable(self) -> bool:
        """Return whether text on the colour can be read."""
        return self.ratio >= ENOUGH_CONTRAST

    @property
    def has_white_text(self) -> bool:
        """Return whether the text is white; otherwise it is almost black."""
        return self.ink == WHITE


@router.page(PATH)
async def show_color(
    request: Request,
    staff: Admin,  # noqa: ARG001  # the gate
    brand_color: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Show a colour that is being typed, as a part of the form."""
    return private_page(request, "console/races/color.html", swatch=Swatch.of(brand_color), color=brand_color)
