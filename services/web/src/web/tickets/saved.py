"""A ticket as one file for the phone: it holds its picture and its styles, and needs neither network nor login."""

from base64 import b64encode

from fastapi import Request, Response

from web.languages import language_of_path
from web.pages import PRIVATE, Pages
from web.site.brand import stylesheet_text
from web.static_files import StaticFile
from web.tickets.views import TicketView
from web.upstream.registrations import Registration

_NAMES = {"id": "e-tiket", "en": "e-ticket"}


def ticket_file(request: Request, entry: Registration, ticket: TicketView, picture: bytes) -> Response:
    """Return the file as a download.

    Args:
        picture: SVG of the QR code.
    """
    pages: Pages = request.app.state.pages
    styles: StaticFile = request.app.state.static_files["ticket.css"]
    color = entry.event.brand_color
    brand = stylesheet_text(color).encode() if color else b""
    html = pages.render(
        "tickets/saved.html",
        request.url.path,
        entry=entry,
        ticket=ticket,
        picture=_embedded("image/svg+xml", picture),
        styles=_embedded("text/css", styles.content + brand),
    )
    name = f"{_NAMES[language_of_path(request.url.path)]}-{ticket.bib_number}.html"
    headers = {**PRIVATE, "Content-Disposition": f'attachment; filename="{name}"'}
    return Response(html, media_type="text/html", headers=headers)


def _embedded(media_type: str, content: bytes) -> str:
    return f"data:{media_type};base64,{b64encode(content).decode()}"
