"""Examples of the list of registrations, of what is done to many at once, of saved views and of the search."""

from collections.abc import Mapping
from typing import Final

import httpx

from .walk import API, Example, problem
from .walk_registrations_answers import (
    BULK_CANCEL,
    EXPORTS,
    FIRST,
    LIST,
    LOOKUP,
    MESSAGE,
    NOTIFICATION,
    SECOND,
    SUMMARIES,
    VIEW,
    VIEWS,
    effects,
    hit,
    listed,
    message,
    summary,
)
from .walk_staff import CATALOG, json_of

DATA: Final = ("FR5K-2027-00002", "Excel", "CSV", FIRST, SECOND, *VIEWS)

_LIST: Final = "/console/registrations"
_CANCEL, _RESEND, _EXPORT = (f"{_LIST}/bulk/{each}" for each in ("cancel", "resend", "export"))
_VIEWS: Final = "/console/views/registrations"
_VIEW: Final = f"{_VIEWS}/{VIEW}"

_EVERY_FILTER = "status=pending_payment&category=10k&type=collective_5&first_day=2027-01-01&last_day=2027-01-31&q=budi"
_EVERY_COLUMN = "name,status,category,type,participants,amount,registered,deadline"
_FORM = {"selection": "race=jakarta-fun-run&status=payment_verified", "key": "1a2b", "id": f"{FIRST} FR5K-2027-00001"}
_ALL = {**_FORM, "selection": "race=jakarta-fun-run&all=yes&until=2027-01-04T03:00:00Z"}
_NOBODY = {LIST: listed(more=None)}
_NO_RACE = {CATALOG: json_of({"items": []})}
_TOO_MANY = {LIST: json_of({"registration_ids": [FIRST], "more": True, "total": None, "items": [summary()]})}
_ON_FIRST = f"{API}/registrations/{FIRST}"
_MESSAGES = ("GET", f"{NOTIFICATION}/notifications")
_AGAIN = ("POST", f"{NOTIFICATION}/notifications/{MESSAGE}/resend")
_NO_MESSAGE = json_of({"items": []})
_JUST_SENT = json_of({"items": [message(sent_at="2027-01-04T03:00:00Z")]})

EXAMPLES: Mapping[str, tuple[Example, ...]] = {
    _LIST: (
        Example(_LIST),
        Example(f"{_LIST}?race=bandung-lari&cursor=x&done=saved&sort=-amount&columns={_EVERY_COLUMN}"),
        Example(f"{_LIST}?{_EVERY_FILTER}"),
        Example(f"{_LIST}?status=payment_verified", state="saved view"),
        Example(f"{_LIST}?q=budi", answers=_NOBODY, state="nothing matches"),
        Example(f"{_LIST}?type=individual", answers=_TOO_MANY, state="too many to count"),
        Example(_LIST, answers=_NOBODY, state="nobody"),
        Example(_LIST, answers=_NO_RACE, state="no race"),
        Example(_LIST, answers={LIST: listed(*SUMMARIES, more=None)}, state="one page"),
        Example(f"{_LIST}?first_day=1", 422),
        Example(f"{_LIST}?cursor=1", 422, answers={LIST: problem(422, "invalid_fields", detail="123")}),
    ),
    _CANCEL: (
        Example(f"{_CANCEL}?id={FIRST}&id={SECOND}"),
        Example(f"{_CANCEL}?id={SECOND}", state="cannot be cancelled"),
        Example(f"{_CANCEL}?all=yes&{_EVERY_FILTER}"),
        Example(_CANCEL, state="nothing chosen"),
        Example(f"{_CANCEL}?all=yes", answers=_NOBODY, state="none matches"),
        Example(f"{_CANCEL}?all=yes", answers=_TOO_MANY, state="too many"),
        Example(f"{_CANCEL}?id={FIRST}", answers={("GET", _ON_FIRST): httpx.Response(502)}, status=503),
        Example(
            f"{_CANCEL}?id={FIRST}",
            answers={
                ("GET", f"{_ON_FIRST}/cancellation"): effects(bibs_burned=0, refund_due=None, proof_waiting=False)
            },
            state="unpaid",
        ),
        Example(_CANCEL, form={**_FORM, "reason": "123"}),
        Example(_CANCEL, form={**_ALL, "reason": "123"}, state="a step"),
        Example(_CANCEL, 422, _FORM, state="no reason"),
        Example(_CANCEL, 422, {**_FORM, "reason": "x"}, {BULK_CANCEL: problem(422, "invalid_fields", detail="123")}),
        Example(_CANCEL, 503, {**_FORM, "reason": "x"}, {BULK_CANCEL: httpx.Response(502)}),
        Example(
            _CANCEL,
            503,
            {**_FORM, "reason": "x"},
            {BULK_CANCEL: httpx.Response(502), ("GET", _ON_FIRST): httpx.Response(502)},
            state="away",
        ),
    ),
    _RESEND: (
        Example(f"{_RESEND}?id={FIRST}&id={SECOND}"),
        Example(f"{_RESEND}?all=yes&message=payment"),
        Example(_RESEND, state="nothing chosen"),
        Example(f"{_RESEND}?all=yes", answers=_TOO_MANY, state="too many"),
        Example(_RESEND, form={**_FORM, "message": "ticket"}),
        Example(_RESEND, form={**_ALL, "message": "payment"}, state="a step"),
        Example(_RESEND, form=_FORM, answers={_MESSAGES: _NO_MESSAGE}, state="no message"),
        Example(_RESEND, form={**_FORM, "opened": "2027-01-04T02:00:00Z"}, answers={_MESSAGES: _JUST_SENT}),
        Example(_RESEND, form=_FORM, answers={_AGAIN: problem(409, "message_waiting")}, state="waiting"),
        Example(_RESEND, form=_FORM, answers={_AGAIN: problem(409, "message_superseded")}, state="outdated"),
        Example(_RESEND, form=_FORM, answers={_AGAIN: problem(409, "x")}, state="refused"),
        Example(_RESEND, form=_FORM, answers={_MESSAGES: httpx.Response(502)}, state="away"),
    ),
    _EXPORT: (
        Example(f"{_EXPORT}?id={FIRST}&id={SECOND}"),
        Example(f"{_EXPORT}?all=yes&status=payment_verified"),
        Example(f"{_EXPORT}?all=yes", answers=_TOO_MANY, state="too many to list"),
        Example(f"{_EXPORT}?all=yes&type=individual", answers=_TOO_MANY, state="too many"),
        Example(_EXPORT, state="nothing chosen"),
        Example(_EXPORT, 303, {**_FORM, "format": "csv"}),
        Example(_EXPORT, 409, {**_ALL, "format": "csv"}, {EXPORTS: problem(409, "too_many_exports", detail="123")}),
    ),
    "/console/search": (
        Example("/console/search"),
        Example("/console/search?q=budi"),
        Example("/console/search?q=budi", 303, answers={LOOKUP: json_of({"items": [hit()]})}, state="one"),
        Example("/console/search?q=budi", answers={LOOKUP: json_of({"items": []})}, state="none"),
        Example("/console/search", answers={LOOKUP: json_of({"items": []})}, state="nobody"),
        Example(
            "/console/search?q=budi", answers={LOOKUP: json_of({"items": [hit() for _ in range(10)]})}, state="many"
        ),
    ),
    "/console/views/{page}": (
        Example(f"{_VIEWS}?race=jakarta-fun-run"),
        Example(f"{_VIEWS}?done=renamed"),
        Example(f"{_VIEWS}?done=deleted"),
        Example("/console/views/nothing", 404),
        Example("/console/views/participants"),
        Example("/console/views/participants", 303, {"name": "Peserta Budi", "query": "gender=male"}),
        Example(_VIEWS, 303, {"name": "Peserta Budi", "query": "q=budi", "race": "jakarta-fun-run"}),
        Example(_VIEWS, 409, {"name": VIEWS[0], "query": "q=budi", "race": "jakarta-fun-run"}),
        Example(_VIEWS, 409, {"name": "51", "query": "q=budi"}, state="too many"),
        Example(_VIEWS, 422, {"name": "", "query": "q=budi"}),
    ),
    "/console/views/{page}/{view_id}": (
        Example(f"{_VIEW}?race=jakarta-fun-run"),
        Example(_VIEW, 303, {"name": "Peserta Budi"}),
        Example(_VIEW, 409, {"name": VIEWS[1], "race": "jakarta-fun-run"}),
        Example(_VIEW, 422, {"name": ""}),
        Example(f"{_VIEW}/delete", 303, {"race": "jakarta-fun-run"}),
        Example(f"{_VIEWS}/{FIRST}", 404),
    ),
}
"""Examples by the path of the route in Indonesian."""
