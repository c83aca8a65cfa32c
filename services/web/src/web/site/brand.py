"""Stylesheets with the colour of a race."""

from typing import Annotated, Final

from chassis.auth.access import public
from chassis.colors import ENOUGH_CONTRAST, contrast, ink_on
from chassis.errors import NotFound
from chassis.web.routing import Router
from fastapi import Path, Response

router = Router(dependencies=[public])

_GROUNDS_LIGHT: Final = ("#ffffff", "#f5f3ee")
_GROUNDS_DARK: Final = ("#171c23", "#0c0f13")
_STEPS: Final = 20
_FOR_A_YEAR: Final = "public, max-age=31536000, immutable"


def stylesheet_of(color: str | None) -> str | None:
    """Return the address of the stylesheet of a colour `#rrggbb`; None for the site's own colour."""
    return f"/brand/{color.removeprefix('#')}.css" if color else None


@router.get("/brand/{digits}.css", include_in_schema=False)
async def stylesheet(digits: Annotated[str, Path(max_length=6)]) -> Response:
    """Return the colour as the custom properties of the stylesheet, for light and dark pages."""
    if len(digits) != len("rrggbb") or not set(digits) <= set("0123456789abcdef"):
        raise NotFound
    return Response(stylesheet_text(f"#{digits}"), media_type="text/css", headers={"Cache-Control": _FOR_A_YEAR})


def stylesheet_text(color: str) -> str:
    """Return the rules: the colour with its ink, and the nearest colour in which text can be read on the page."""
    own = f"--brand:{color};--brand-ink:{ink_on(color)};--hero:{color}"
    light, dark = readable(color, _GROUNDS_LIGHT, toward="#000000"), readable(color, _GROUNDS_DARK, toward="#ffffff")
    in_the_dark = f"@media(prefers-color-scheme:dark){{:root{{{own};--brand-text:{dark}}}}}"
    return f":root{{{own};--brand-text:{light}}}{in_the_dark}"


def readable(color: str, grounds: tuple[str, ...], *, toward: str) -> str:
    """Return `color`, mixed with as much of `toward` as text needs to be read on all the grounds."""
    mixtures = (_mixed(color, toward, step / _STEPS) for step in range(_STEPS + 1))
    return next(mixed for mixed in mixtures if all(contrast(mixed, ground) >= ENOUGH_CONTRAST for ground in grounds))


def _mixed(color: str, other: str, share: float) -> str:
    pairs = zip(bytes.fromhex(color[1:]), bytes.fromhex(other[1:]), strict=True)
    return "#" + bytes(round(one + (two - one) * share) for one, two in pairs).hex()
