"""A button for other sites: a picture of a race's state, which needs no script and no frame there."""

from typing import Annotated, Final
from xml.sax.saxutils import escape

from chassis.auth.access import public
from chassis.clock import Clock
from chassis.colors import ink_on
from chassis.errors import NotFound
from chassis.web.routing import Router
from chassis.wording import Wording
from fastapi import Path, Request, Response

from web.languages import ENGLISH_PREFIX, language_of_path
from web.site.brand import OWN
from web.site.rules import Availability
from web.site.views import view_of
from web.upstream.registration import RegistrationApi

router = Router(dependencies=[public])

_WORDS: Final = {
    Availability.OPEN: Wording(en="Register now", id="Daftar sekarang"),
    Availability.FEW_LEFT: Wording(en="Register: few places left", id="Daftar: sisa sedikit"),
    Availability.NOT_OPEN: Wording(en="Opens soon", id="Segera dibuka"),
    Availability.SOLD_OUT: Wording(en="Join the waiting list", id="Masuk daftar tunggu"),
    Availability.CLOSED: Wording(en="Registration is closed", id="Pendaftaran ditutup"),
}
_LONGEST_NAME: Final = 34
_HEADERS: Final = {"Cache-Control": "public, max-age=60", "Cross-Origin-Resource-Policy": "cross-origin"}


@router.get("/races/{slug}/button.svg", include_in_schema=False)
@router.get(f"{ENGLISH_PREFIX}/races/{{slug}}/button.svg", include_in_schema=False)
async def button(request: Request, slug: Annotated[str, Path(max_length=255)]) -> Response:
    """Return the button of a race as a picture, in its colour; a minute old at most."""
    races: RegistrationApi = request.app.state.registration
    clock: Clock = request.app.state.clock
    found = await races.race(slug)
    if found is None:
        raise NotFound
    words = _WORDS[view_of(found, clock()).availability].said(language_of_path(request.url.path))
    picture = button_picture(words, found.name, found.brand_color or OWN)
    return Response(picture, media_type="image/svg+xml", headers=_HEADERS)


def button_picture(words: str, name: str, color: str) -> str:
    """Return a button of 280 by 64 pixels as SVG; a name that does not fit is shortened."""
    short = name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1].rstrip()}…"
    lines = "".join(
        f'<text x="140" y="{y}" font-size="{size}" font-weight="{weight}">{escape(text)}</text>'
        for text, y, size, weight in ((words, 28, 17, 700), (short, 48, 12, 400))
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="280" height="64" viewBox="0 0 280 64" role="img">'
        f"<title>{escape(f'{words}: {name}')}</title>"
        f'<rect width="280" height="64" rx="12" fill="{color}"/>'
        f'<g fill="{ink_on(color)}" font-family="system-ui, sans-serif" text-anchor="middle">{lines}</g></svg>'
    )
