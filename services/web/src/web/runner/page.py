"""The page of a registration in whatever state it is."""

import asyncio
from collections.abc import Mapping
from typing import Any

from fastapi import Response

from web.access import read_registration
from web.forms import Form
from web.languages import language_of_path
from web.pages import private_page
from web.runner import views
from web.runner.choosing import Trouble
from web.runner.proofs import NotSent
from web.runner.reading import Visit, read_billing, read_packs
from web.runner.ways import NO_WISH, Wish


async def status_page(
    visit: Visit, wish: Wish = NO_WISH, *, not_sent: NotSent | None = None, trouble: Trouble | None = None
) -> Response:
    """Return the page.

    Args:
        wish: what the visitor asks to see about paying.
        not_sent: a proof that was not stored.
        trouble: why a way to pay could not be chosen.

    Raises:
        ForeignAccess.
        Refused: 404 if there is no such registration.
        Unavailable.
    """
    values = await _values(visit, wish, not_sent)
    failure = not_sent or trouble
    if failure is None:
        return private_page(visit.request, "status.html", trouble=None, **values)
    response = private_page(visit.request, "status.html", status=failure.status, trouble=trouble, **values)
    response.headers.update(failure.headers)
    return response


async def _values(visit: Visit, wish: Wish, not_sent: NotSent | None) -> Mapping[str, Any]:
    request, state = visit.request, visit.request.app.state
    found = await read_registration(visit.access, visit.registration, visit.visitor)
    billing, packs = await asyncio.gather(read_billing(visit, found, wish), read_packs(visit, found))
    view = views.view_of(visit.access, found, billing, state.clock(), wish, packs)
    language = language_of_path(request.url.path)
    again = not_sent.look_again if not_sent else None
    return {
        "view": view,
        "refresh": view.refresh or again,
        "refresh_without_script": view.refresh_without_script or again,
        "form": not_sent.form if not_sent else Form(),
        "saved": "saved" in request.query_params,
        "link_to_keep": state.public_url + visit.access.own_link(language),
        "note": views.note_to_self(view, language, state.public_url),
    }
