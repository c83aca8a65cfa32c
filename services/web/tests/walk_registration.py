"""Examples of the pages of one registration, of participants and of waiting lists."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from . import walk_registration_answers as given
from .walk import Answers, Example, problem
from .walk_registration_answers import ID, PERSON, WAITING

_PAGE: Final = f"/console/registrations/{ID}"
_SEND_AGAIN: Final = f"{_PAGE}/messages/{given.MESSAGE}/resend"
_PERSON: Final = f"{_PAGE}/participants/{PERSON}"
_LINE: Final = f"/console/waitlist/{WAITING}"
_AWAY: Final = httpx.Response(502)
_UNKNOWN: Final = problem(404, "unknown")
_NOT_WAITING: Final = problem(409, "not_waiting", detail="123")
_PROOF: Final = {
    "payment_method": "qris",
    "amount": "Rp 150.000",
    "payment_date": "2027-01-03",
    "payment_time": "09:30",
}


def _in(status: str, **fields: Any) -> Answers:
    return {given.REGISTRATION: given.registration(status, **fields)}


def _waits(status: str, **fields: Any) -> Answers:
    return {given.IN_LINE: given.entry(status, **fields)}


_NEW: Answers = {
    **_in("pending_payment"),
    given.TIMELINE: given.page(given.event("registered", -1, "runner:x", registration_type="individual")),
    given.NOTES: given.page(),
    given.INVOICE: given.invoice(),
    given.MESSAGES: given.page(),
    given.PACKS: given.json_of({"items": []}),
}
_STATES_OF_CHARGES: Final = ("asking", "settling", "paid", "expired", "cancelled", "failed", "reversed", "charged_back")
_MONEY: Answers = {
    given.INVOICE: given.invoice(
        "paid",
        given.payment(channel="midtrans"),
        given.payment(given.REFUSED, channel="statement", received="149877.00"),
        payable_amount="149877.00",
        refunds=[given.going_back(state) for state in ("waits_for_second", "due", "asked", "cancelled")]
        + [given.going_back("done"), given.going_back("done", way="gateway")],
    ),
    given.KEPT: given.page(
        given.kept(),
        given.kept("refund_due", kind="unknown"),
        given.kept("refunded", refunded_at=given.at(-0.1), refunded_by=given.STAFF_ID),
        given.kept("assigned"),
    ),
    given.CHARGES: given.json_of(
        {"items": [given.charge(bank="bca"), *(given.charge(each) for each in _STATES_OF_CHARGES)]}
    ),
}
_ALL_AWAY: Answers = dict.fromkeys(
    (
        given.TIMELINE,
        given.NOTES,
        given.INVOICE,
        given.KEPT,
        given.CHARGES,
        given.MESSAGES,
        given.PACKS,
        ("GET", "/api/identity/v1/staff/names"),
    ),
    _AWAY,
)
_NOTE: Final = ("POST", f"{given.API}/registrations/{ID}/notes")
_RESEND: Final = ("POST", f"/api/notification/v1/notifications/{given.MESSAGE}/resend")
_OLDER_RELEASE: Final = {given.PARTICIPANTS: given.page(given.participant(created_at=None))}
_SAVE: Final = ("PATCH", f"{given.API}/registrations/{ID}/participants/{PERSON}")
_CANCEL: Final = ("POST", f"{given.API}/registrations/{ID}/cancel")
_SEND: Final = ("POST", f"{given.PAYMENT}/invoices/{ID}/proofs")
_OFFER: Final = ("POST", f"{given.API}/waitlist/{WAITING}/offer")
_REMOVE: Final = ("POST", f"{given.API}/waitlist/{WAITING}/remove")
_BY_FIELD: Final = [{"field": "full_name", "message": "123"}, {"field": "gender", "message": "456"}]

EXAMPLES: Mapping[str, tuple[Example, ...]] = {
    "/console/registrations/{registration_id}": (
        Example(_PAGE),
        Example(f"{_PAGE}?done=corrected"),
        Example(_PAGE, answers=_NEW, state="new"),
        Example(_PAGE, answers={**_in("payment_uploaded"), given.INVOICE: given.invoice("proof_uploaded")}),
        Example(_PAGE, answers=_in("expired", terms_accepted_at=None), state="expired"),
        Example(_PAGE, answers={**_in("cancelled"), given.INVOICE: _UNKNOWN}, state="cancelled"),
        Example(_PAGE, answers={**_in("payment_verified", total_amount="0.00"), given.INVOICE: _UNKNOWN}, state="free"),
        Example(_PAGE, answers=_MONEY, state="money back and forth"),
        Example(_PAGE, answers={**_MONEY, given.KEPT: _AWAY, given.CHARGES: _AWAY}, state="money away"),
        Example(_PAGE, answers=_ALL_AWAY, state="all away"),
        Example(_PAGE, 503, answers={given.REGISTRATION: _AWAY}),
        Example(_PAGE, 404, answers={given.REGISTRATION: _UNKNOWN}),
        Example(_PAGE, 303, {"text": "456"}, {_NOTE: httpx.Response(201)}),
        Example(
            _PAGE,
            422,
            {"text": ""},
            {_NOTE: problem(422, "invalid_fields", errors=[{"field": "text", "message": "123"}])},
        ),
        Example(_PAGE, 503, {"text": "456"}, {_NOTE: _AWAY}),
        Example(_PAGE, 503, {"text": "456"}, {_NOTE: _AWAY, given.REGISTRATION: _AWAY}, state="all away"),
        Example(_SEND_AGAIN, 303, {}, {_RESEND: httpx.Response(202)}),
        Example(
            f"{_PAGE}/messages/{given.MESSAGE}/resend",
            409,
            {},
            {_RESEND: problem(409, "message_waiting", detail="123")},
        ),
    ),
    "/console/registrations/{registration_id}/participants/{participant_id}": (
        Example(_PERSON),
        Example(f"{_PAGE}/participants/{WAITING}", 404),
        Example(_PERSON, 303, {"full_name": "Agus Salim"}, {_SAVE: httpx.Response(200, json={})}),
        Example(_PERSON, 303, {}, state="unchanged"),
        Example(_PERSON, 422, {"full_name": ""}, {_SAVE: problem(422, "invalid_fields", errors=_BY_FIELD)}),
        Example(_PERSON, 409, {"full_name": "Agus Salim"}, {_SAVE: problem(409, "already_registered", detail="123")}),
        Example(_PERSON, 503, {"full_name": "Agus Salim"}, {_SAVE: _AWAY}),
    ),
    "/console/registrations/{registration_id}/cancel": (
        Example(f"{_PAGE}/cancel"),
        Example(f"{_PAGE}/cancel", answers={given.INVOICE: _AWAY, given.PACKS: _AWAY}, state="away"),
        Example(
            f"{_PAGE}/cancel",
            answers={
                given.INVOICE: given.invoice(
                    "paid", given.payment(), refunds=[given.going_back("done", amount="150000.00")]
                )
            },
            state="paid back",
        ),
        Example(
            f"{_PAGE}/cancel",
            answers={
                given.EFFECTS: given.effects(
                    places_burned=1,
                    proof_waiting=True,
                    waiting_next={"total_participants": 1, "pic_name": "Sari Dewi"},
                )
            },
            state="waiting",
        ),
        Example(
            f"{_PAGE}/cancel",
            answers={**_in("cancelled"), given.EFFECTS: problem(409, "not_cancellable")},
            state="cancelled",
        ),
        Example(f"{_PAGE}/cancel", 303, {"reason": "123"}, {_CANCEL: httpx.Response(204)}),
        Example(
            f"{_PAGE}/cancel",
            422,
            {"reason": ""},
            {_CANCEL: problem(422, "invalid_fields", errors=[{"field": "reason", "message": "123"}])},
        ),
        Example(
            f"{_PAGE}/cancel",
            409,
            {"reason": "123"},
            {
                **_in("expired"),
                _CANCEL: problem(409, "not_cancellable"),
                given.EFFECTS: problem(409, "not_cancellable"),
            },
            state="too late",
        ),
    ),
    "/console/registrations/{registration_id}/link": (
        Example(f"{_PAGE}/link"),
        Example(f"{_PAGE}/link", form={}, state="made"),
    ),
    "/console/registrations/{registration_id}/proof": (
        Example(f"{_PAGE}/proof", answers=_NEW),
        Example(f"{_PAGE}/proof", answers={**_NEW, given.INVOICE: _AWAY}, state="away"),
        Example(f"{_PAGE}/proof", answers={**_NEW, given.INVOICE: _UNKNOWN}, state="no invoice"),
        Example(f"{_PAGE}/proof", answers={**_NEW, given.INVOICE: given.invoice("expired")}, state="late"),
        Example(f"{_PAGE}/proof", state="paid"),
        Example(f"{_PAGE}/proof", 422, _PROOF, _NEW, state="no file"),
        Example(f"{_PAGE}/proof", 303, _PROOF, {**_NEW, _SEND: httpx.Response(201)}, file=b"x", state="sent"),
        Example(
            f"{_PAGE}/proof",
            409,
            _PROOF,
            {**_NEW, _SEND: problem(409, "amount_mismatch")},
            file=b"x",
            state="amount",
        ),
        Example(f"{_PAGE}/proof", 503, _PROOF, {**_NEW, _SEND: _AWAY}, file=b"x", state="lost"),
    ),
    "/console/participants": (
        Example("/console/participants"),
        Example("/console/participants?race=jakarta-fun-run&q=budi&category=5k&status=payment_verified&gender=male"),
        Example("/console/participants?status=payment_verified&columns=bib,type,gender&done=saved"),
        *(
            Example(f"/console/participants?sort={sort}&columns=bib,category,registered&q=budi&gender=male", state=sort)
            for sort in ("created_at", "name", "-name", "bib", "-bib")
        ),
        Example("/console/participants?columns=registered", answers=_OLDER_RELEASE, state="without times"),
        Example("/console/participants?sort=bib&jersey=xxl", answers={given.PARTICIPANTS: given.page(next_cursor="y")}),
        Example("/console/participants?jersey=xxl&cursor=x", answers={given.PARTICIPANTS: given.page(next_cursor="y")}),
        Example("/console/participants?q=budi", answers={given.PARTICIPANTS: given.page()}),
        Example("/console/participants", answers={given.PARTICIPANTS: given.page()}, state="none"),
        Example(
            "/console/participants?cursor=x",
            422,
            answers={
                given.PARTICIPANTS: problem(422, "invalid_fields", errors=[{"field": "cursor", "message": "123"}])
            },
        ),
        Example(
            "/console/participants",
            answers={("GET", f"{given.API}/catalog"): given.json_of({"items": []})},
            state="no race",
        ),
    ),
    "/console/waitlist": (
        Example("/console/waitlist"),
        Example("/console/waitlist?race=jakarta-fun-run&category=10k&cursor=x&before=50&done=offered"),
        Example("/console/waitlist?status=accepted", answers={given.LINE: given.page(given.in_line("accepted"))}),
        Example("/console/waitlist", answers={given.LINE: given.page(given.in_line("offered"))}, state="offers"),
        Example("/console/waitlist", answers={given.LINE: given.page()}, state="none"),
        Example("/console/waitlist", answers={given.STATS: _AWAY}),
        Example(
            "/console/waitlist",
            answers={("GET", f"{given.API}/catalog"): given.json_of({"items": []})},
            state="no race",
        ),
    ),
    "/console/waitlist/{waitlist_id}/offer": (
        Example(f"{_LINE}/offer"),
        Example(f"{_LINE}/offer", answers=_waits("offered"), state="offered"),
        Example(f"{_LINE}/offer", answers=_waits("accepted"), state="accepted"),
        Example(f"{_LINE}/offer", 404, answers={given.IN_LINE: _UNKNOWN}),
        Example(f"{_LINE}/offer", 303, {}, {_OFFER: httpx.Response(200, json={})}),
        Example(f"{_LINE}/offer", 409, {}, {**_waits("accepted"), _OFFER: _NOT_WAITING}, state="too late"),
        Example(f"{_LINE}/offer", 409, {}, {**_waits("offered"), _OFFER: _NOT_WAITING}, state="offered before"),
        Example(f"{_LINE}/offer", 409, {}, {_OFFER: problem(409, "registration_closed", detail="123")}, state="over"),
    ),
    "/console/waitlist/{waitlist_id}/remove": (
        Example(f"{_LINE}/remove"),
        Example(f"{_LINE}/remove", answers=_waits("offered"), state="offered"),
        Example(f"{_LINE}/remove", answers=_waits("withdrawn", reason="123"), state="removed"),
        Example(f"{_LINE}/remove", 303, {"reason": "123"}, {_REMOVE: httpx.Response(204)}),
        Example(
            f"{_LINE}/remove",
            422,
            {"reason": ""},
            {_REMOVE: problem(422, "invalid_fields", errors=[{"field": "reason", "message": "123"}])},
        ),
        Example(f"{_LINE}/remove", 409, {"reason": "1"}, {**_waits("closed"), _REMOVE: _NOT_WAITING}, state="too late"),
    ),
}
"""Examples by the path of the route in Indonesian."""

DATA: Final = ("31 Jan 1990", "Gerbang 5", "timeout", "handed", "WhatsApp", "sari", "Ibu Budi", given.LINK, "6281")
"""Texts of the answers, which are the same in both languages."""
