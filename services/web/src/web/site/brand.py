"""Stylesheets with the colour of a race."""

from typing import Annotated, Final

from chassis.auth.access import public
from chassis.colors import ENOUGH_CONTRAST, contrast, ink_on
from chassis.errors import NotFound
from chassis.web.middleware import NOTHING_ALLOWED
from chassis.web.routing import Router
from fastapi import Path, Response

router = Router(dependencies=[public])

_GROUNDS_LIGHT: Final = ("#ffffff", "#f5f3ee")
_GROUNDS_DARK: Final = ("#171c23", "#0c0f13")
_STEPS: Final = 20
OWN: Final = "#c2341d"
"""The colour of races that have none."""
_NIGHT: Final = "#1d0d0a"
_SHADES: Final = (0.16, 0.24, 0.12, 0.2, 0.08, 0.16, 0.6)
_HEADERS: Final = {
    "Cache-Control": "public, max-age=31536000, immutable",
    "Content-Security-Policy": NOTHING_ALLOWED,
}


def stylesheet_of(color: str | None) -> str | None:
    """Return the address of the stylesheet of a colour `#rrggbb`; None for the site's own colour."""
    return f"/brand/{color.removeprefix('#')}.css" if color else None


def fallback_of(color: str | None) -> str:
    """Return the address of the picture that stands for a missing poster, in a colour `#rrggbb` or the site's own."""
    return f"/brand/{(color or OWN).removeprefix('#')}.svg"


@router.get("/brand/{digits}.css", include_in_schema=False)
async def stylesheet(digits: Annotated[str, Path(max_length=6)]) -> Response:
    """Return the colour as the custom properties of the stylesheet, for light and dark pages."""
    text = stylesheet_text(_color(digits))
    return Response(text, media_type="text/css", headers=_HEADERS)


@router.get("/brand/{digits}.svg", include_in_schema=False)
async def fallback(digits: Annotated[str, Path(max_length=6)]) -> Response:
    """Return a picture in that colour, for races without a poster: a bend of a running track with its start line."""
    text = track_picture(_color(digits))
    return Response(text, media_type="image/svg+xml", headers=_HEADERS)


def _color(digits: str) -> str:
    if len(digits) != len("rrggbb") or not set(digits) <= set("0123456789abcdef"):
        raise NotFound
    return f"#{digits}"


def track_picture(color: str) -> str:
    """Return the picture as SVG."""
    lanes = "".join(
        f'<circle cx="665" cy="750" r="{radius}" fill="{_mixed(color, _NIGHT, shade)}"/>'
        for radius, shade in zip(range(634, 279, -59), _SHADES, strict=True)
    )
    lanes = f'<g stroke="#f5f3ee" stroke-width="2">{lanes}</g>'
    start = '<path d="M276 250 494 529" stroke="{}" stroke-width="24"{}/>'
    line = start.format("#15110f", "") + "".join(
        f'<path d="M{276 + side * 4.7:g} {250 - side * 3.7:g} {494 + side * 4.7:g} {529 - side * 3.7:g}"'
        f' stroke="#fff" stroke-width="12" stroke-dasharray="14.75" stroke-dashoffset="{offset}"/>'
        for side, offset in ((1, 0), (-1, 14.75))
    )
    ground = f'<path fill="{_mixed(color, _NIGHT, 0.86)}" d="M0 0h800v500H0z"/>'
    sun = '<circle cx="555" cy="165" r="95" fill="#ffbf47"/>'
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 500">{ground}{sun}{lanes}{line}</svg>'


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
