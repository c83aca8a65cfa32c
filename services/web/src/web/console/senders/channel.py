"""One sender: its switch, limits and account, and a test message."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Final

from chassis.errors import InvalidFields, NotFound
from chassis.web.forms import form_of
from chassis.wording import Language, Wording
from fastapi import Depends, Request, Response

from web.console.access import Admin
from web.console.apis import Failure, Notification, StaffApi
from web.console.menu import ROOT
from web.console.merging import BASE, conflict, fingerprints, merge
from web.console.messages.reasons import in_language_of
from web.console.pages import console_page, done, form_after
from web.console.routing import ConsoleRouter
from web.console.senders import fields
from web.console.senders.answers import Senders, Settings, TestResult
from web.console.senders.health import PATH
from web.forms import FieldError, Form, typed
from web.languages import language_of_path
from web.sessions.staff import StaffSession
from web.upstream.client import Refused

router = ConsoleRouter()

_ONE: Final = f"{PATH}/{{channel}}"
_CHANNELS: Final = ("whatsapp", "email")
_TEST_SECONDS: Final = 30.0
_OF_THE_CALLER: Final = frozenset({401, 403})

_NO_ACCOUNT: Final = Wording(
    en="This channel has no account yet. Fill in its account and save it first.",
    id="Saluran ini belum punya akun. Isi akunnya dan simpan dahulu.",
)


async def _channel(channel: str) -> str:
    if channel not in _CHANNELS:
        raise NotFound
    return channel


Channel = Annotated[str, Depends(_channel)]


@dataclass(frozen=True)
class _Tried:
    """A test message: the form with the address, and its result, or why there is none."""

    form: Form
    result: TestResult | None = None
    failure: Failure | None = None


@router.page(_ONE)
async def show_sender(request: Request, staff: Admin, notification: Notification, channel: Channel) -> Response:
    """Show the settings of a sender."""
    return await _page(request, staff, notification, channel)


@router.action(_ONE)
async def save(request: Request, staff: Admin, notification: Notification, channel: Channel) -> Response:
    """Save the settings, or send a test message."""
    async with form_of(request, max_fields=30) as form:
        values = typed(form)
    if values.get("do") == "test":
        tried = await _test(notification, channel, values.get("to", ""), language_of_path(request.url.path))
        return await _page(request, staff, notification, channel, tried=tried)
    failure, values = await _saved(notification, channel, values, language_of_path(request.url.path))
    if failure is None:
        return done(request, f"{ROOT}{PATH}/{channel}", "saved")
    return await _page(request, staff, notification, channel, values=values, failure=failure)


async def _saved(
    notification: StaffApi, channel: str, values: Mapping[str, str], language: Language
) -> tuple[Failure | None, Mapping[str, str]]:
    """Save what was changed. Return the failure, if there is one, and the values to show with it."""
    wrong = fields.wrong_numbers(channel, values, language)
    if wrong:
        return Failure(InvalidFields.status, InvalidFields.code, errors=wrong), values
    merged = merge(values, fields.shown(channel, await notification.get(Settings, "/settings")), language)
    changed = fields.changes(channel, values, merged.changed)
    failure = conflict(merged)
    unsure = fields.unsure(channel, values, merged.changed, language)
    if failure is None and unsure:
        said = {**merged.values, fields.SURE: "yes"}
        return Failure(InvalidFields.status, "not_sure", errors=unsure), said
    if failure is None and changed:
        failure = await notification.change("PUT", "/settings", changed)
    return (_at_fields(failure) if failure else None), merged.values


def _at_fields(failure: Failure) -> Failure:
    return replace(failure, errors=[FieldError(fields.field_of(each.field), each.message) for each in failure.errors])


async def _test(notification: StaffApi, channel: str, to: str, language: Language) -> _Tried:
    """Send a test message. What the provider makes of it is a result, whatever it is."""
    body = {"channel": channel, "to": to}
    try:
        answer = await notification.call("POST", "/settings/test", json=body, timeout=_TEST_SECONDS)
    except Refused as refused:
        if refused.status in _OF_THE_CALLER:
            raise
        return _Tried(_form_of_test(to, refused), failure=_failure_of_test(refused, language))
    return _Tried(Form({"to": to}), notification.client.read(TestResult, answer))


def _form_of_test(to: str, refused: Refused) -> Form:
    return Form({"to": to}, [FieldError("to", text) for text in refused.field_errors.values()])


def _failure_of_test(refused: Refused, language: Language) -> Failure:
    if refused.field_errors:
        return Failure(refused.status, refused.code)
    is_missing = refused.code == "channel_not_configured"
    return Failure(refused.status, refused.code, _NO_ACCOUNT.said(language) if is_missing else refused.wording.en)


async def _page(
    request: Request,
    staff: StaffSession,
    notification: StaffApi,
    channel: str,
    *,
    values: Mapping[str, str] | None = None,
    failure: Failure | None = None,
    tried: _Tried | None = None,
) -> Response:
    settings, senders = await asyncio.gather(
        notification.get(Settings, "/settings"), notification.get(Senders, "/senders")
    )
    shown = fields.shown(channel, settings)
    own = staff.account.email if channel == "email" else ""
    wrong = failure or (tried.failure if tried else None)
    return console_page(
        request,
        staff,
        "senders/channel.html",
        status=wrong.status if wrong else 200,
        channel=channel,
        sender=next(each for each in senders.items if each.channel == channel),
        settings=settings,
        form=form_after(shown if values is None else fields.without_secrets(values), failure),
        base=(values or {}).get(BASE) or fingerprints(shown),
        message=failure.message if failure else None,
        test=tried or _Tried(Form({"to": own})),
        now=request.app.state.clock(),
        reason=in_language_of(request),
    )
