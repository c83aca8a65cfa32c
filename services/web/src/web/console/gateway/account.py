"""The account at Midtrans: its keys, what is offered to runners, and the address for its notifications."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from chassis.errors import InvalidFields
from chassis.web.forms import form_of
from chassis.wording import Language, Wording
from fastapi import Request, Response

from web.console.access import Admin
from web.console.apis import Failure, Payment, StaffApi
from web.console.menu import ROOT
from web.console.merging import BASE, conflict, fingerprints, merge
from web.console.pages import console_page, done, form_after
from web.console.routing import ConsoleRouter
from web.forms import FieldError, typed
from web.languages import language_of_path
from web.sessions.staff import StaffSession
from web.upstream.client import Answer

router = ConsoleRouter()

PATH: Final = "/gateway"
OFFERS: Final = ("qris", "bca", "bni", "bri", "cimb", "mandiri", "permata")
NOTICES: Final = "/api/payment/v1/webhooks/midtrans"
"""Path to which Midtrans sends its notifications."""

_ACCOUNT: Final = "/settings/midtrans"
_KEY: Final = "server_key_secret"
"""Field of the server key; its name says that it is kept nowhere."""

_REMOVE: Final = "remove"
_NO_KEY: Final = Wording(
    en="Fill in the server key, too: without it, nothing can be offered.",
    id="Isi juga server key: tanpa itu tidak ada yang bisa ditawarkan.",
)


class Account(Answer):
    """The account. The server key is never returned; `mode` is None if there is none that can be read.

    `refused_since` is when Midtrans first refused the stored key; None if it accepts it, as far as is known.
    """

    mode: str | None
    merchant_id: str | None
    offers: tuple[str, ...]
    refused_since: datetime | None = None


class Changed(Answer):
    """The answer to a change. `key_check` is `no_answer` if a new server key is stored and could not be tried."""

    key_check: str | None = None


@router.page(PATH)
async def show_account(request: Request, staff: Admin, payment: Payment) -> Response:
    """Show the account."""
    account = await payment.get(Account, _ACCOUNT)
    return _page(request, staff, account, _shown(account))


@router.action(PATH)
async def save_account(request: Request, staff: Admin, payment: Payment) -> Response:
    """Save the account, or remove its server key."""
    async with form_of(request, max_fields=20) as form:
        values = typed(form)
    account = await payment.get(Account, _ACCOUNT)
    language = language_of_path(request.url.path)
    if values.get("do") == _REMOVE:
        stored = _shown(account)
        removed = await _put(payment, {**_body(stored), "server_key": None})
        return _after(request, staff, account, stored, removed, "removed")
    wrong = _keyless(account, values, language)
    if wrong is not None:
        return _page(request, staff, account, values, wrong)
    merged = merge(values, _shown(account), language)
    if merged.errors:
        return _page(request, staff, account, merged.values, conflict(merged))
    key = {"server_key": values[_KEY]} if values.get(_KEY) else {}
    saved = await _put(payment, {**_body(merged.values), **key})
    is_untried = isinstance(saved, Changed) and saved.key_check == "no_answer"
    return _after(request, staff, account, values, saved, "untried" if is_untried else "saved")


def _shown(account: Account) -> Mapping[str, str]:
    offered = {f"offer_{name}": "yes" if name in account.offers else "" for name in OFFERS}
    return {"merchant_id": account.merchant_id or "", **offered}


def _body(values: Mapping[str, str]) -> Mapping[str, Any]:
    offers = [name for name in OFFERS if values.get(f"offer_{name}")]
    return {"merchant_id": values.get("merchant_id") or None, "offers": offers}


def _keyless(account: Account, values: Mapping[str, str], language: Language) -> Failure | None:
    """Return the refusal of offers without a key that could ask for them."""
    if account.mode is not None or values.get(_KEY) or not _body(values)["offers"]:
        return None
    return Failure(InvalidFields.status, InvalidFields.code, errors=[FieldError(_KEY, _NO_KEY.said(language))])


async def _put(payment: StaffApi, body: Mapping[str, Any]) -> Changed | Failure:
    found = await payment.create(Changed, _ACCOUNT, method="PUT", json=body)
    if isinstance(found, Changed):
        return found
    return Failure(found.status, found.code, found.message, _at_fields(found.errors))


def _at_fields(errors: Sequence[FieldError]) -> Sequence[FieldError]:
    first = f"offer_{OFFERS[0]}"
    names = {"server_key": _KEY, "merchant_id": "merchant_id"}
    return [FieldError(names.get(each.field, first), each.message) for each in errors]


def _after(
    request: Request,
    staff: StaffSession,
    account: Account,
    values: Mapping[str, str],
    found: Changed | Failure,
    what: str,
) -> Response:
    if isinstance(found, Changed):
        return done(request, ROOT + PATH, what)
    return _page(request, staff, account, values, found)


def _page(
    request: Request,
    staff: StaffSession,
    account: Account,
    values: Mapping[str, str],
    failure: Failure | None = None,
) -> Response:
    without_key = {name: value for name, value in values.items() if name != _KEY}
    return console_page(
        request,
        staff,
        "gateway/account.html",
        status=failure.status if failure else 200,
        gateway=account,
        offers=OFFERS,
        key_field=_KEY,
        notices=NOTICES,
        form=form_after(without_key, failure),
        message=failure.message if failure else None,
        base=values.get(BASE) or fingerprints(_shown(account)),
    )
