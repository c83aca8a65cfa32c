"""Receiving keys: all of them, and entering one. A key is entered here, and shown nowhere."""

import asyncio
from collections.abc import Mapping
from typing import Final

from chassis.web.forms import form_of
from fastapi import Request, Response

from web.console.access import Owner
from web.console.apis import Failure, Identity, Payment, StaffApi, unless_away
from web.console.menu import ROOT
from web.console.names import staff_names
from web.console.pages import console_page, done, form_after
from web.console.races.forms import placed
from web.console.routing import ConsoleRouter
from web.console.usdt.models import Key, Keys
from web.forms import typed
from web.sessions.staff import StaffSession

router = ConsoleRouter()

PATH: Final = "/usdt/keys"

_KEY: Final = "xpub_secret"
"""Field of the key; its name says that it is kept nowhere."""

_USUAL_PATH: Final = "m/44'/60'/0'"
_AT_KEY: Final = {"not_a_public_key": _KEY, "key_known": _KEY}
"""Fields that refusals are about, by code."""


@router.page(PATH)
async def list_keys(request: Request, staff: Owner, payment: Payment, identity: Identity) -> Response:
    """List receiving keys, the newest first, and the form that enters one."""
    return await _page(request, staff, payment, identity)


@router.action(PATH)
async def enter_key(request: Request, staff: Owner, payment: Payment, identity: Identity) -> Response:
    """Enter a key, and lead to its first addresses, which have to be confirmed."""
    async with form_of(request, max_fields=4) as form:
        values = typed(form)
    body = {"xpub": values.get(_KEY, ""), "path": values.get("path", "")}
    entered = await payment.create(Key, PATH, json=body)
    if isinstance(entered, Failure):
        failure = placed(entered, _AT_KEY, {"xpub": _KEY})
        return await _page(request, staff, payment, identity, {"path": body["path"]}, failure)
    return done(request, f"{ROOT}{PATH}/{entered.key_id}", "entered")


async def _page(
    request: Request,
    staff: StaffSession,
    payment: StaffApi,
    identity: StaffApi,
    values: Mapping[str, str] | None = None,
    failure: Failure | None = None,
) -> Response:
    """Return the list. After a refusal, it is shown also while payment does not answer."""
    asked = payment.get(Keys, PATH)
    found, names = await asyncio.gather(unless_away(asked) if failure else asked, staff_names(identity, staff))
    return console_page(
        request,
        staff,
        "usdt/keys.html",
        status=failure.status if failure else 200,
        keys=found.items if found else None,
        key_field=_KEY,
        form=form_after({"path": _USUAL_PATH} if values is None else values, failure),
        message=failure.message if failure else None,
        names=names,
    )
