"""The editor of a template: its text, its variables, a preview while it is typed, and the way back to the standard."""

import asyncio
from collections.abc import Mapping
from typing import Annotated, Any, Final

from chassis.errors import InvalidFields, NotFound
from chassis.web.forms import form_of
from fastapi import Depends, Request, Response

from web.console.access import Admin
from web.console.apis import Failure, Notification, StaffApi
from web.console.menu import ROOT
from web.console.merging import BASE, conflict, fingerprints, merge
from web.console.pages import console_page, done, form_after
from web.console.routing import ConsoleRouter
from web.console.wording.answers import CHANNELS, LOCALES, Key, TemplateText, Variables, key_of
from web.console.wording.listing import language_used
from web.console.wording.previews import Preview, preview_of
from web.forms import FieldError, typed
from web.languages import language_of_path
from web.pages import private_page
from web.sessions.staff import StaffSession
from web.upstream.client import Refused

router = ConsoleRouter()

_ONE: Final = "/templates/{event_type}/{channel}/{locale}"

OwnKey = Annotated[Key, Depends(key_of)]


@router.page(_ONE)
async def show_template(request: Request, staff: Admin, notification: Notification, key: OwnKey) -> Response:
    """Show a template with its preview."""
    now = await _text(notification, key)
    return await _page(request, staff, notification, now, _shown(now))


@router.action(_ONE)
async def save(request: Request, staff: Admin, notification: Notification, key: OwnKey) -> Response:
    """Save the text, or only show its preview."""
    values, now = await _typed(request), await _text(notification, key)
    if values.get("do") == "preview":
        return await _page(request, staff, notification, now, values)
    merged = merge(values, _shown(now), language_of_path(request.url.path))
    failure = conflict(merged)
    if failure is None:
        failure = await notification.change("PUT", key.path, _text_of(key, merged.values))
    if failure is None:
        return done(request, ROOT + key.path, "saved")
    return await _page(request, staff, notification, now, merged.values, failure)


@router.action(f"{_ONE}/preview")
async def show_preview(request: Request, staff: Admin, notification: Notification, key: OwnKey) -> Response:  # noqa: ARG001  # the gate
    """Show the preview of what is typed, as a part of the page."""
    preview = await preview_of(notification, key, _text_of(key, await _typed(request)))
    return private_page(request, "console/wording/preview.html", preview=preview, key=key)


@router.page(f"{_ONE}/reset")
async def ask_reset(request: Request, staff: Admin, notification: Notification, key: OwnKey) -> Response:
    """Ask whether the own text may be deleted."""
    return console_page(request, staff, "wording/reset.html", text=await _text(notification, key), key=key)


@router.action(f"{_ONE}/reset")
async def reset(request: Request, staff: Admin, notification: Notification, key: OwnKey) -> Response:  # noqa: ARG001  # the gate
    """Delete the own text, so that the standard one is used."""
    await notification.call("DELETE", key.path)
    return done(request, ROOT + key.path, "reset")


async def _typed(request: Request) -> Mapping[str, str]:
    async with form_of(request, max_fields=10) as form:
        return typed(form)


def _shown(now: TemplateText) -> Mapping[str, str]:
    """Return the fields of the form with the text that is used now."""
    subject = {"subject": now.subject or ""} if now.channel == "email" else {}
    return {**subject, "body": now.body}


def _text_of(key: Key, values: Mapping[str, str]) -> Mapping[str, Any]:
    subject = {"subject": values.get("subject", "")} if key.channel == "email" else {}
    return {**subject, "body": values.get("body", "")}


async def _text(notification: StaffApi, key: Key) -> TemplateText:
    """Return the text that is used now.

    Raises:
        NotFound: there is no such event.
    """
    try:
        return await notification.get(TemplateText, key.path)
    except Refused as refused:
        if refused.status == InvalidFields.status:
            raise NotFound from None
        raise


async def _page(
    request: Request,
    staff: StaffSession,
    notification: StaffApi,
    now: TemplateText,
    values: Mapping[str, str],
    failure: Failure | None = None,
) -> Response:
    key = now.key
    variables, other, preview, used = await asyncio.gather(
        notification.get(Variables, "/templates/variables"),
        _text(notification, key.in_language(key.other_locale)),
        _preview_unless(failure, notification, key, values),
        language_used(notification),
    )
    errors = failure or _as_failure(preview)
    return console_page(
        request,
        staff,
        "wording/editor.html",
        status=errors.status if errors else 200,
        text=now,
        other=other,
        key=key,
        form=form_after(values, errors),
        base=values.get(BASE) or fingerprints(_shown(now)),
        message=errors.message if errors else None,
        preview=preview,
        variables=[each for each in variables.items if key.event_type in each.event_types],
        used=used,
        channels=CHANNELS,
        locales=LOCALES,
    )


async def _preview_unless(
    failure: Failure | None, notification: StaffApi, key: Key, values: Mapping[str, str]
) -> Preview:
    return Preview() if failure else await preview_of(notification, key, _text_of(key, values))


def _as_failure(preview: Preview) -> Failure | None:
    if not preview.errors:
        return None
    errors = [FieldError(name, text) for name, text in preview.errors.items()]
    return Failure(InvalidFields.status, "invalid_template", errors=errors)
