"""The settings of one network. Its endpoints are probed before they are saved."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from chassis.errors import InvalidFields, NotFound
from chassis.web.forms import form_of
from fastapi import Request, Response

from web.console.access import Owner
from web.console.apis import Failure, Payment, StaffApi
from web.console.menu import ROOT
from web.console.merging import BASE, Merged, conflict, fingerprints, merge
from web.console.pages import console_page, done, form_after
from web.console.races.values import Reading, shown_amount
from web.console.routing import ConsoleRouter
from web.console.usdt import endpoints
from web.console.usdt.endpoints import Asked
from web.console.usdt.models import Network, Networks
from web.console.usdt.networks import PATH
from web.forms import FieldError, typed
from web.languages import language_of_path
from web.networks import network_of
from web.sessions.staff import StaffSession

router = ConsoleRouter()

_ONE: Final = f"{PATH}/{{network}}"
_PROBED_WITHIN: Final = 25.0
"""Seconds; payment probes all endpoints for 20 at most."""

_NAMES: Final = {"contract": "token_contract", "others": "all_tokens"}
"""Payment's names of fields that have another one here, as `token` in a name says that a field is kept nowhere."""

_FIELD_OF_FAULT: Final = {
    "no_finalized": "confirmations",
    "not_a_token": "contract",
    "wrong_decimals": "contract",
    "no_logs": "others",
}


@router.page(_ONE)
async def show_network(request: Request, network: str, staff: Owner, payment: Payment) -> Response:
    """Show the settings of a network."""
    stored = await _stored(payment, network)
    return _page(request, staff, stored, {**_shown(stored), **endpoints.shown(stored)})


@router.action(_ONE)
async def save_network(request: Request, network: str, staff: Owner, payment: Payment) -> Response:
    """Save what was changed, after payment has probed the endpoints."""
    async with form_of(request, max_fields=40) as form:
        values = typed(form)
    stored = await _stored(payment, network)
    reading = Reading(values, language_of_path(request.url.path))
    asked = endpoints.read(reading)
    sent = _sent(reading, asked)
    if reading.errors:
        wrong = Failure(InvalidFields.status, InvalidFields.code, errors=reading.errors)
        return _page(request, staff, stored, values, wrong)
    merged = merge({**values, endpoints.FIELD: endpoints.summary(asked)}, _shown(stored), reading.language)
    failure = conflict(merged)
    if failure is None:
        path = f"{PATH}/{stored.network}/settings"
        failure = await payment.change("PUT", path, _changes(merged, sent), timeout=_PROBED_WITHIN)
    if failure is None:
        return done(request, f"{ROOT}{PATH}/{stored.network}", "saved")
    return _page(request, staff, stored, merged.values, _at_fields(failure, asked))


async def _stored(payment: StaffApi, network: str) -> Network:
    found = await payment.get(Networks, f"{PATH}/settings")
    stored = next((each for each in found.items if each.network == network), None)
    if stored is None:
        raise NotFound
    return stored


def _shown(network: Network) -> Mapping[str, str]:
    """Return the fields that other staff may have changed, with all endpoints as one."""
    return {
        "enabled": "yes" if network.enabled else "",
        "confirmations": "" if network.confirmations is None else str(network.confirmations),
        "minimum_order": shown_amount(network.minimum_order),
        "contract": network.token_contract,
        "others": "yes" if network.all_tokens else "",
        endpoints.FIELD: endpoints.stored_summary(network),
    }


def _sent(reading: Reading, asked: Sequence[Asked]) -> Mapping[str, Any]:
    """Return what was typed as payment takes it; what cannot be read is noted in `reading`."""
    return {
        "enabled": reading.check("enabled"),
        "confirmations": reading.whole("confirmations"),
        "minimum_order": reading.amount("minimum_order") or "0",
        "contract": reading.text("contract"),
        "others": reading.check("others"),
        endpoints.FIELD: [each.body for each in asked],
    }


def _changes(merged: Merged, sent: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return what was changed, and whether the network is offered, which payment always takes."""
    changed = {_NAMES.get(name, name): sent[name] for name in merged.changed}
    return {**changed, "enabled": bool(merged.values.get("enabled"))}


def _at_fields(failure: Failure, asked: Sequence[Asked]) -> Failure:
    """Return a failure whose messages stand at fields of the form."""
    number = failure.members.get("endpoint")
    if failure.message and isinstance(number, int) and 1 <= number <= len(asked):
        field = _field_of_fault(failure.members.get("fault"), asked[number - 1].slot)
        return replace(failure, message=None, errors=[FieldError(field, failure.message)])
    ours = {theirs: own for own, theirs in _NAMES.items()}
    errors = [replace(each, field=ours.get(each.field) or _field_of(each.field, asked)) for each in failure.errors]
    return replace(failure, errors=errors)


def _field_of_fault(fault: object, slot: int) -> str:
    if fault == "log_range":
        return endpoints.range_field(slot)
    return _FIELD_OF_FAULT.get(str(fault), endpoints.url_field(slot))


def _field_of(name: str, asked: Sequence[Asked]) -> str:
    """Return the field that payment's name is about; a conflict about all endpoints has the name of all of them."""
    is_one = name.startswith(f"{endpoints.FIELD}.")
    return endpoints.field_of(name, asked) if is_one else name


def _page(
    request: Request,
    staff: StaffSession,
    network: Network,
    values: Mapping[str, str],
    failure: Failure | None = None,
) -> Response:
    free = {endpoints.url_field(slot) for slot in range(1, endpoints.MOST + 1)}
    kept = {name: value for name, value in values.items() if name not in free}
    return console_page(
        request,
        staff,
        "usdt/network.html",
        status=failure.status if failure else 200,
        network=network,
        name=network_of(network.network).name,
        slots=endpoints.slots(network),
        stored={each.number: each for each in network.endpoints},
        form=form_after(kept, failure),
        message=failure.message if failure else None,
        is_url_lost=any(values.get(name) for name in free),
        base=values.get(BASE) or fingerprints(_shown(network)),
    )
