"""The reasons of refusals that reviewers choose from by a key, in both languages."""

from collections.abc import Mapping, Sequence
from typing import Final

from chassis.errors import InvalidFields
from chassis.web.forms import form_of
from chassis.wording import Wording
from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Failure, Payment
from web.console.menu import ROOT
from web.console.merging import BASE, conflict, fingerprints, merge
from web.console.pages import console_page, done, form_after
from web.console.payment_settings.answers import Settings
from web.console.payment_settings.form import PATH
from web.console.routing import ConsoleRouter
from web.forms import FieldError, typed
from web.languages import language_of_path
from web.sessions.staff import StaffSession

router = ConsoleRouter()

_REASONS: Final = f"{PATH}/reasons"
_KEYS: Final = range(1, 10)
_LOCALES: Final = ("id", "en")

_BOTH: Final = Wording(en="Write it in both languages.", id="Tulis dalam kedua bahasa.")

_NONE_LEFT: Final = Wording(
    en="Write at least one reason, or take the standard reasons.",
    id="Tulis paling sedikit satu alasan, atau pakai alasan bawaan.",
)
_REPLACED: Final = "\0"
"""A text that no reason has: the standard reasons take the place of all."""


@router.page(_REASONS)
async def show_reasons(request: Request, staff: Admin, payment: Payment) -> Response:
    """Show the reasons by their keys."""
    now = _shown(await payment.get(Settings, "/settings"))
    return _page(request, staff, now, now)


@router.action(_REASONS)
async def save_reasons(request: Request, staff: Admin, payment: Payment) -> Response:
    """Save the reasons, or take those that come with the product; those that other staff changed meanwhile stay."""
    async with form_of(request, max_fields=30) as form:
        values = typed(form)
    settings = await payment.get(Settings, "/settings")
    now, is_standard = _shown(settings), values.get("do") == "standard"
    wanted = {**dict.fromkeys(now, _REPLACED), BASE: values.get(BASE, "")} if is_standard else values
    merged = merge(wanted, now, language_of_path(request.url.path))
    kept = {**values, BASE: merged.values[BASE]} if is_standard else merged.values
    failure = conflict(merged) or (None if is_standard else _half_written(request, kept))
    if failure is None:
        body = settings.with_changes(rejection_reasons=None if is_standard else _reasons_of(kept))
        failure = _by_field(await payment.change("PUT", "/settings", body), kept)
    if failure is None:
        return done(request, ROOT + _REASONS, "saved")
    return _page(request, staff, now, kept, failure)


def _name(key: int, locale: str) -> str:
    return f"reason_{key}_{locale}"


def _shown(settings: Settings) -> Mapping[str, str]:
    reasons = dict(enumerate(settings.rejection_reasons, start=1))
    names = ((_name(key, locale), getattr(reasons.get(key), locale, "")) for key in _KEYS for locale in _LOCALES)
    return dict(names)


def _written(values: Mapping[str, str]) -> Sequence[int]:
    """Return the keys with a text; gaps are closed when they are saved."""
    return [key for key in _KEYS if any(values.get(_name(key, locale)) for locale in _LOCALES)]


def _reasons_of(values: Mapping[str, str]) -> Sequence[Mapping[str, str]]:
    return [{locale: values.get(_name(key, locale), "") for locale in _LOCALES} for key in _written(values)]


def _half_written(request: Request, values: Mapping[str, str]) -> Failure | None:
    language = language_of_path(request.url.path)
    names = [_name(key, locale) for key in _written(values) for locale in _LOCALES]
    errors = [FieldError(name, _BOTH.said(language)) for name in names if not values.get(name)]
    if not names:
        errors.append(FieldError(_name(_KEYS[0], _LOCALES[0]), _NONE_LEFT.said(language)))
    return Failure(InvalidFields.status, InvalidFields.code, errors=errors) if errors else None


def _by_field(failure: Failure | None, values: Mapping[str, str]) -> Failure | None:
    """Return a failure with the names of our fields, such as `reason_2_id` for `rejection_reasons.1.id`."""
    if failure is None:
        return None
    keys = _written(values)
    errors = []
    for each in failure.errors:
        _, _, place = each.field.partition("rejection_reasons.")
        index, _, locale = place.partition(".")
        is_ours = index.isdigit() and int(index) < len(keys) and locale in _LOCALES
        errors.append(FieldError(_name(keys[int(index)], locale) if is_ours else _name(1, "id"), each.message))
    return Failure(failure.status, failure.code, failure.message, errors)


def _page(
    request: Request,
    staff: StaffSession,
    now: Mapping[str, str],
    values: Mapping[str, str],
    failure: Failure | None = None,
) -> Response:
    return console_page(
        request,
        staff,
        "payment_settings/reasons.html",
        status=failure.status if failure else 200,
        form=form_after(values, failure),
        message=failure.message if failure else None,
        keys=_KEYS,
        base=values.get(BASE) or fingerprints(now),
    )
