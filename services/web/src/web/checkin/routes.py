"""The page of the check-in app, and what a device installs."""

import json
from collections.abc import Sequence
from typing import Annotated, Final

from chassis.auth.access import public
from chassis.errors import NotFound
from chassis.web.routing import Router
from fastapi import Depends, Request, Response
from fastapi.responses import HTMLResponse

from web.checkin.files import PATH, AppRelease
from web.languages import ENGLISH_PREFIX, address, language_of_path
from web.pages import POLICY, Pages
from web.static_files import StaticFile, file_response

router = Router(dependencies=[public])

_ENGLISH: Final = f"{ENGLISH_PREFIX}{PATH}"
_SCRIPTS: Final = "script-src 'self' 'wasm-unsafe-eval'"
_APP_POLICY: Final = POLICY.replace("script-src 'self'", _SCRIPTS) + "; worker-src 'self'"
"""The decoder is WebAssembly, in a worker."""
_WORKER_POLICY: Final = f"default-src 'none'; {_SCRIPTS}; connect-src 'self'"
_ASK_AGAIN: Final = {"Cache-Control": "no-cache", "X-Robots-Tag": "noindex"}
_NAME: Final = "Startline check-in"
_GROUND: Final = "#0c0f13"


def _release(request: Request) -> AppRelease:
    release: AppRelease = request.app.state.checkin_app
    return release


Release = Annotated[AppRelease, Depends(_release)]


@router.get(PATH)
@router.get(_ENGLISH)
async def show_app(request: Request, release: Release) -> Response:
    """Return the app. Everything it says is in its page, everything it knows in the device."""
    pages: Pages = request.app.state.pages
    html = pages.render("checkin/app.html", request.url.path, query=request.url.query, app=release)
    return HTMLResponse(html, headers={**_ASK_AGAIN, "Content-Security-Policy": _APP_POLICY})


@router.get(f"{PATH}/app.webmanifest", include_in_schema=False)
@router.get(f"{_ENGLISH}/app.webmanifest", include_in_schema=False)
async def manifest(request: Request, release: Release) -> Response:
    """Return the description with which a device installs the app."""
    language = language_of_path(request.url.path)
    page = address(PATH, language)
    described = {
        "id": page,
        "name": _NAME,
        "short_name": "Check-in",
        "lang": language.value,
        "start_url": page,
        "scope": page,
        "display": "standalone",
        "orientation": "portrait",
        "background_color": _GROUND,
        "theme_color": _GROUND,
        "icons": [
            {"src": release.address(name), "sizes": sizes, "type": "image/png", "purpose": purpose}
            for name, sizes, purpose in _ICONS
        ],
    }
    return Response(json.dumps(described), media_type="application/manifest+json", headers=_ASK_AGAIN)


_ICONS: Final = (
    ("icon-192.png", "192x192", "any"),
    ("icon-512.png", "512x512", "any"),
    ("icon-512.png", "512x512", "maskable"),
)


@router.get(f"{PATH}/worker.js", include_in_schema=False)
@router.get(f"{_ENGLISH}/worker.js", include_in_schema=False)
async def service_worker(request: Request, release: Release) -> Response:
    """Return the service worker of one language, which installs this release and serves it without a network."""
    page = address(PATH, language_of_path(request.url.path))
    static_files = request.app.state.static_files
    installed = {"page": page, "version": release.version, "files": _installed(release, static_files["look.css"])}
    script = f"const RELEASE = {json.dumps(installed)};\n{release.files['worker.js'].content.decode()}"
    headers = {**_ASK_AGAIN, "Content-Security-Policy": _WORKER_POLICY, "Service-Worker-Allowed": page}
    return Response(script, media_type="text/javascript", headers=headers)


def _installed(release: AppRelease, *others: StaticFile) -> Sequence[str]:
    return [each.address for name, each in release.files.items() if name != "worker.js"] + [
        each.address for each in others
    ]


@router.get(f"{PATH}/app/{{version}}/{{name}}", include_in_schema=False)
async def app_file(version: str, name: str, request: Request, release: Release) -> Response:
    """Return a file of this release; those of others are not found."""
    found = release.files.get(name)
    if found is None or version != release.version:
        raise NotFound
    return file_response(request, found, policy=_WORKER_POLICY)
