"""Courses that organisers upload."""

from collections.abc import Iterable

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
_XMLNS = "http://www.topografix.com/GPX/1/1"
KILOMETER = 0.0089932
"""Degrees of latitude, nearly."""


def points(count: int, *, tag: str = "trkpt", step: float = KILOMETER, extra: str = "") -> str:
    """Return points to the north, each a kilometer from the one before."""
    return "".join(f'<{tag} lat="{-6.2 + at * step:.7f}" lon="106.8">{extra}</{tag}>' for at in range(count))


def track(*segments: str, name: str = "") -> str:
    """Return a track."""
    named = f"<name>{name}</name>" if name else ""
    return f"<trk>{named}{''.join(f'<trkseg>{each}</trkseg>' for each in segments)}</trk>"


def gpx(
    parts: Iterable[str] = (), *, head: str = '<?xml version="1.0" encoding="UTF-8"?>', xmlns: str = _XMLNS
) -> bytes:
    """Return a file with these parts; without any, a track of five kilometers."""
    content = "".join(parts) or track(points(6))
    return f'{head}<gpx version="1.1" creator="watch" xmlns="{xmlns}">{content}</gpx>'.encode()
