"""Our own stylesheets, scripts and pictures. Their addresses change with their content, so browsers keep them."""

import gzip
import hashlib
import mimetypes
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from chassis.auth.access import public
from chassis.errors import NotFound
from chassis.web.middleware import NOTHING_ALLOWED
from chassis.web.routing import Router
from fastapi import Request, Response

FOLDER: Final = Path(__file__).parent / "static"

_HASH_DIGITS = 10
_MEDIA_TYPES = {".js": "text/javascript", ".wasm": "application/wasm"}  # systems and Python's releases differ
_FOR_A_YEAR = "public, max-age=31536000, immutable"


@dataclass(frozen=True)
class StaticFile:
    """A file with its address, which contains a hash of its content."""

    address: str
    content: bytes
    compressed: bytes
    media_type: str


def load(folder: Path = FOLDER) -> Mapping[str, StaticFile]:
    """Return the files of a folder by their names."""
    return {path.name: read(path, path.name) for path in sorted(folder.iterdir()) if path.is_file()}


def read(path: Path, name: str) -> StaticFile:
    """Return a file that is served under a name."""
    content = path.read_bytes()
    digits = hashlib.sha256(content).hexdigest()[:_HASH_DIGITS]
    media_type = _MEDIA_TYPES.get(Path(name).suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    return StaticFile(f"/static/{digits}.{name}", content, gzip.compress(content, 9, mtime=0), media_type)


router = Router(dependencies=[public])


@router.get("/static/{name}", include_in_schema=False)
async def static_file(name: str, request: Request) -> Response:
    """Return a file under its present address; an address of another release is not found."""
    files: Mapping[str, StaticFile] = request.app.state.static_files
    found = files.get(name.partition(".")[2])
    if found is None or found.address != f"/static/{name}":
        raise NotFound
    return file_response(request, found)


def file_response(request: Request, found: StaticFile, *, policy: str = NOTHING_ALLOWED) -> Response:
    """Return a file under an address that no other content will ever have. `policy` is of scripts that run alone."""
    headers = {"Cache-Control": _FOR_A_YEAR, "Vary": "Accept-Encoding", "Content-Security-Policy": policy}
    if "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(found.content, headers=headers, media_type=found.media_type)
    return Response(found.compressed, headers={**headers, "Content-Encoding": "gzip"}, media_type=found.media_type)
