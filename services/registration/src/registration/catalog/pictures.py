"""Pictures of an event as they are shown: their addresses, for pages that choose a size."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any, Final

from chassis.web.models import View

from registration.catalog.tables import EventPicture


class PictureKind(StrEnum):
    """The pictures that an event may have."""

    BANNER = "banner"
    LOGO = "logo"


SHARED: Final = "share.jpg"
"""Name of the banner's file for previews of links, as not all that show these read WebP."""


class PictureFile(View):
    """A file of a picture. Its address changes with the picture, so it may be kept for as long as one likes."""

    address: str
    width: int
    height: int


class PictureView(View):
    """A picture. `files` are WebP, the smallest first; `share` is a JPEG for previews of links."""

    version: str
    files: list[PictureFile]
    share: PictureFile | None


def pictures_of(slug: str, rows: Sequence[EventPicture]) -> dict[str, Any]:
    """Return the fields `banner` and `logo` of an event.

    Args:
        rows: all files of its pictures, the smallest first.
    """
    return {kind.value: _picture(slug, [row for row in rows if row.kind == kind]) for kind in PictureKind}


def _picture(slug: str, rows: Sequence[EventPicture]) -> PictureView | None:
    if not rows:
        return None
    shared = next((_file(slug, row) for row in rows if row.name == SHARED), None)
    by_width = {row.width: _file(slug, row) for row in reversed(rows) if row.name != SHARED}  # a small one has few
    return PictureView(
        version=rows[0].version, files=sorted(by_width.values(), key=lambda each: each.width), share=shared
    )


def _file(slug: str, row: EventPicture) -> PictureFile:
    address = f"/api/registration/v1/events/{slug}/{row.kind}/{row.name}?v={row.version}"
    return PictureFile(address=address, width=row.width, height=row.height)
