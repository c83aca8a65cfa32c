"""Posters of example events, drawn when they are needed: a bend of a running track with its start line, and no text."""

from io import BytesIO
from math import cos, radians, sin
from typing import Final
from uuid import UUID

from chassis.database import Database
from chassis.images.processing import ImageProcessor
from chassis.images.store import ImageStore
from obstore.store import LocalStore
from PIL import Image, ImageColor, ImageDraw
from registration.catalog.pictures import PictureKind
from registration.pictures.commands import NewPicture, set_picture

from standalone.settings import StandaloneSettings

Color = tuple[int, int, int]

BRAND_COLOR: Final = "#c2341d"

_WIDTH, _HEIGHT = 1600, 1000
_FINER = 2  # drawn larger, so that edges are smooth after scaling
_NIGHT, _SUN, _PAPER, _INK = "#1d0d0a", "#ffbf47", "#f5f3ee", "#15110f"
_LANES, _INNER, _LANE = 6, 560, 118
_START, _SQUARE = -128.0, 1.45


def draw_poster(color: str = BRAND_COLOR) -> bytes:
    """Return a PNG of 1600 by 1000 pixels in that colour, `#rrggbb`."""
    image = _sky(color).resize((_WIDTH * _FINER, _HEIGHT * _FINER))
    pen = ImageDraw.Draw(image)
    _disc(pen, 1110, 330, 190, _SUN)
    for lane in range(_LANES, -1, -1):
        shade = _mixed(color, _NIGHT, 0.06 + 0.09 * (lane % 2) + 0.02 * lane) if lane else _mixed(color, _NIGHT, 0.62)
        _disc(pen, *_CENTER, _INNER + lane * _LANE, shade)
        pen.ellipse(_box(*_CENTER, _INNER + lane * _LANE), outline=_PAPER, width=4 * _FINER)
    _start_line(pen)
    written = BytesIO()
    image.resize((_WIDTH, _HEIGHT), Image.Resampling.LANCZOS).save(written, "PNG")
    return written.getvalue()


_CENTER = (1330, 1500)


def _sky(color: str) -> Image.Image:
    sky = Image.new("RGB", (1, 64))
    for y in range(64):
        sky.putpixel((0, y), _mixed(_NIGHT, color, y / 90))
    return sky


def _start_line(pen: ImageDraw.ImageDraw) -> None:
    """Draw squares of two columns across all lanes, black and white in turn."""
    rows, depth = _LANES * 4, _LANE / 4
    for row in range(rows):
        for column in range(2):
            first, inner = _START + column * _SQUARE, _INNER + row * depth
            corners = (first, inner), (first + _SQUARE, inner), (first + _SQUARE, inner + depth), (first, inner + depth)
            pen.polygon([_point(*corner) for corner in corners], fill=_INK if (row + column) % 2 else _PAPER)


def _point(angle: float, radius: float) -> tuple[float, float]:
    x, y = _CENTER
    return (x + radius * cos(radians(angle))) * _FINER, (y + radius * sin(radians(angle))) * _FINER


def _disc(pen: ImageDraw.ImageDraw, x: float, y: float, radius: float, color: str | Color) -> None:
    pen.ellipse(_box(x, y, radius), fill=color)


def _box(x: float, y: float, radius: float) -> tuple[float, float, float, float]:
    left, top, right, bottom = (each * _FINER for each in (x - radius, y - radius, x + radius, y + radius))
    return left, top, right, bottom


def _mixed(color: str, other: str, share: float) -> Color:
    pairs = zip(ImageColor.getrgb(color)[:3], ImageColor.getrgb(other)[:3], strict=True)
    red, green, blue = (round(mine + (theirs - mine) * share) for mine, theirs in pairs)
    return red, green, blue


async def add_poster(settings: StandaloneSettings, database: Database, event_id: UUID, *, by: str) -> bool:
    """Give an event a poster and return True; False if the platform's pictures are not in the data folder.

    In containers they are in a volume that this command does not have.
    """
    folder = settings.race_images
    if settings.database_url is not None and not folder.is_dir():
        return False
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    poster = NewPicture(event_id, PictureKind.BANNER, draw_poster())
    store = ImageStore(LocalStore(folder))
    await set_picture(database, ImageProcessor(threads=1, queue_size=1), store, poster, by=by)
    return True
