"""Examples of the pages of messages, senders and ways to pay, as an owner sees them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import httpx

from .runner_apis import at, problem
from .walk import Example
from .walk_messages_answers import (
    CONFIRM,
    LOG,
    MESSAGE,
    NOTIFICATION,
    OWN,
    PAYING,
    PAYMENT,
    SENDERS,
    TEMPLATE,
    TEST,
    content,
    detail,
    kept,
    log,
    message,
    of_template,
    paying,
    read_code,
    result_of_test,
    sender,
    without_content,
)
from .walk_staff import json_of

DATA: Final[Sequence[str]] = (
    "WhatsApp",
    "Fonnte",
    "STARTTLS",
    "TLS",
    "e-tiket-1042.pdf",
    "panitia@example.com",
    "{event_name}",
    "{name}",
    "{status_url}",
    "Halo",
    "Hello",
    "Ini salah.",
    "Ini lama.",
    "It is wrong.",
    "It is old.",
    "450 blocked",
    "123-api",
    "(x: y)",
    "mail.example.com",
    "LARI CONTOH",
    "BANDUNG",
    "NMID",
    "ID1020000000001",
)

_ONE: Final = f"/console/messages/{MESSAGE}"
_RESEND: Final = ("POST", f"{NOTIFICATION}/notifications/{MESSAGE}/resend")
_RETRYABLE: Final = ("GET", f"{NOTIFICATION}/notifications/retry-failed")
_EDITOR: Final = f"/console/templates/{TEMPLATE}"
_OTHER_EDITOR: Final = "/console/templates/access.links_requested/whatsapp/en"
_PREVIEW: Final = ("POST", f"{NOTIFICATION}/templates/{TEMPLATE}/preview")
_TEXT: Final = {"subject": "{event_name}", "body": "Halo {nama}", "do": "save"}
_PUT_TEMPLATE: Final = ("PUT", f"{NOTIFICATION}/templates/{TEMPLATE}")
_PUT_SETTINGS: Final = ("PUT", f"{NOTIFICATION}/settings")
_PUT_PAYING: Final = ("PUT", f"{PAYMENT}/settings")
_WHATSAPP: Final = {
    "whatsapp_enabled": "yes",
    "whatsapp_delay_seconds": "6",
    "whatsapp_max_per_minute": "700",
    "whatsapp_retry_limit": "5",
    "fonnte_device_id": "628",
    "fonnte_token": "",
    "do": "save",
}
_PROBLEM: Final = {"en": "It is wrong.", "id": "Ini salah."}
_CODES: Final[Mapping[str, Mapping[str, Any]]] = {
    "not confirmed": {"qris": read_code()},
    "confirmed": {"qris": read_code(confirmed=True), "qris_with_amount": True, "qris_limit": "5000000.00"},
    "confirmed, for one payment": {"qris": read_code(confirmed=True, dynamic=True), "qris_problem": _PROBLEM},
    "wrong": {"qris": read_code(nmid=None), "qris_problem": _PROBLEM},
    "not read": {"qris": None, "qris_problem": _PROBLEM},
}
_PICTURE: Final = "/console/payment-settings/picture"
_CONFIRMED: Final = {PAYING: json_of(paying(**_CODES["confirmed"]))}
_AMOUNTS: Final = {"do": "amounts", "qris_with_amount": "yes", "qris_limit": "5000000"}
_PAYING: Final = {"bank_name": "BCA", "payment_deadline_hours": "999", "do": "save"}


def _wrong(field: str, code: str = "invalid_fields") -> httpx.Response:
    return problem(422, code, errors=[{"field": field, "message": "123-api"}])


def _senders(**fields: Any) -> Mapping[tuple[str, str], httpx.Response]:
    return {SENDERS: json_of([sender(**fields), sender("email", **fields)])}


_TROUBLE: Final[dict[str, Any]] = {
    "trouble": "whatsapp_disconnect",
    "trouble_since": at(-2),
    "waiting": 40,
    "waiting_is_more": True,
}
_FAILED: Final[dict[str, Any]] = {"last_failure_at": at(-1), "last_failure_reason": "mail_refused_550"}

_DETAILS: Final = (
    detail("failed", without_content("missing"), without_content("hidden", "permanent")),
    detail("unknown", without_content("unreadable", "unknown")),
    detail("pending", without_content("missing", "sender_trouble"), next_attempt_at=at(1)),
    detail("sending", without_content("missing", None)),
    detail("skipped"),
    detail("skipped", failed_reason="the channel had no account"),
    detail("sent", kept(), event_type="access.links_requested", registration_number=None, registration_id=None),
    detail("delivered", kept("unknown"), kept(), sent_at=at(-1), delivered_at=at(-1), resend_of=MESSAGE),
    detail(
        "sent",
        kept(content=content(channel="email", subject="FR5K", attachments=["e-tiket-1042.pdf"])),
        channel="email",
        event_type="registration.confirmed",
    ),
)

EXAMPLES: Final[Mapping[str, tuple[Example, ...]]] = {
    "/console/messages": (
        Example("/console/messages"),
        Example("/console/messages?status=failed&channel=email&event_type=race.changed&q=budi&cursor=x"),
        Example("/console/messages?registration_id=0190c0de-0000-7000-8000-000000000001&first_day=2027-01-01"),
        Example("/console/messages", answers={LOG: log()}, state="empty"),
        Example("/console/messages?q=budi", answers={LOG: log()}, state="nothing found"),
        Example("/console/messages", answers={LOG: log(message("sent"))}, state="nothing to retry"),
        Example("/console/messages?first_day=1&last_day=2", 422),
        Example("/console/messages?status=x", 422, answers={LOG: _wrong("status")}),
        Example("/console/messages", form={"id": MESSAGE}),
        Example("/console/messages", 422, {}),
    ),
    "/console/messages/retry-failed": (
        Example("/console/messages/retry-failed"),
        Example("/console/messages/retry-failed", form={"include_unknown": "yes", "channel": "email"}),
        Example("/console/messages/retry-failed", answers={_RETRYABLE: json_of({"items": []})}, state="nothing"),
    ),
    "/console/messages/{message_id}": (
        Example(f"{_ONE}?done=copy"),
        *(Example(_ONE, answers=found, state=str(number)) for number, found in enumerate(_DETAILS)),
        Example(_ONE, 409, {}, {_RESEND: problem(409, "message_superseded", detail="123-api")}),
        Example(_ONE, 303, {}),
        Example("/console/messages/0190c0de-0000-7000-8000-00000000000f", 404),
    ),
    "/console/templates": (
        Example("/console/templates"),
        Example("/console/templates", answers={("GET", f"{NOTIFICATION}/settings"): httpx.Response(502)}),
    ),
    "/console/templates/{event_type}/{channel}/{locale}": (
        Example(_EDITOR),
        Example(f"{_EDITOR}?done=saved", answers=of_template(**OWN)),
        Example(f"{_EDITOR}?done=reset", answers=of_template("registration.confirmed/email/en", **OWN)),
        Example(_OTHER_EDITOR),
        Example(_EDITOR, answers={_PREVIEW: httpx.Response(502)}),
        Example(_EDITOR, form={**_TEXT, "do": "preview"}),
        Example(_EDITOR, 422, {**_TEXT, "do": "preview"}, {_PREVIEW: _wrong("body", "invalid_template")}),
        Example(_EDITOR, 422, _TEXT, {_PUT_TEMPLATE: _wrong("subject", "invalid_template")}),
        Example(_EDITOR, 503, _TEXT, {_PUT_TEMPLATE: problem(503, "unavailable", detail="123-api")}),
        Example("/console/templates/nothing/email/id", 404),
        Example("/console/templates/race.changed/pigeon/id", 404),
    ),
    "/console/templates/{event_type}/{channel}/{locale}/reset": (
        Example(f"{_EDITOR}/reset", answers=of_template(**OWN)),
        Example(f"{_EDITOR}/reset"),
    ),
    "/console/senders": (
        Example("/console/senders?done=language"),
        Example("/console/senders", answers=_senders(enabled=False), state="off"),
        Example("/console/senders", answers=_senders(configured=False, last_success_at=None), state="no account"),
        Example("/console/senders", answers=_senders(**_TROUBLE, **_FAILED, paused_until=at(1)), state="paused"),
        Example("/console/senders", answers=_senders(**_TROUBLE, paused_until=at(-1)), state="trouble"),
        Example("/console/senders", answers={("GET", f"{NOTIFICATION}/settings"): httpx.Response(502)}),
        Example("/console/senders", 422, {"default_locale": "x"}, {_PUT_SETTINGS: _wrong("default_locale")}),
    ),
    "/console/senders/{channel}": (
        Example("/console/senders/whatsapp?done=saved"),
        Example("/console/senders/email", answers=_senders(**_TROUBLE, **_FAILED), state="trouble"),
        Example("/console/senders/whatsapp", 422, {**_WHATSAPP, "whatsapp_delay_seconds": "x"}),
        Example("/console/senders/whatsapp", 422, _WHATSAPP, {_PUT_SETTINGS: _wrong("whatsapp_max_per_minute")}),
        Example("/console/senders/email", form={"do": "test", "to": "budi@example.com"}),
        Example(
            "/console/senders/email",
            form={"do": "test", "to": "budi@example.com"},
            answers={
                TEST: result_of_test("sender_trouble", reason="mail_server_refused_535", provider_said="450 blocked")
            },
        ),
        Example("/console/senders/email", 422, {"do": "test", "to": "x"}, {TEST: _wrong("to")}),
        Example(
            "/console/senders/email",
            429,
            {"do": "test", "to": "budi@example.com"},
            {TEST: problem(429, "too_many_tests", detail="123-api")},
        ),
        Example(
            "/console/senders/email", 400, {"do": "test", "to": "x"}, {TEST: problem(400, "channel_not_configured")}
        ),
        Example("/console/senders/pigeon", 404),
    ),
    "/console/payment-settings": (
        Example("/console/payment-settings?done=saved"),
        Example("/console/payment-settings", answers={PAYING: json_of(paying(qris_image=None))}, state="no picture"),
        *(
            Example("/console/payment-settings", answers={PAYING: json_of(paying(**found))}, state=state)
            for state, found in _CODES.items()
        ),
        Example("/console/payment-settings", form={"do": "preview", "payment_deadline_hours": "24"}),
        Example("/console/payment-settings", 422, {**_PAYING, "payment_deadline_hours": "x"}),
        Example("/console/payment-settings", 422, _PAYING, {_PUT_PAYING: _wrong("payment_deadline_hours")}),
    ),
    "/console/payment-settings/picture": (
        Example("/console/payment-settings/picture?done=saved"),
        Example("/console/payment-settings/picture", answers={PAYING: json_of(paying(qris_image=None))}, state="none"),
        Example("/console/payment-settings/picture", 422, {}),
        *(
            Example(_PICTURE, answers={PAYING: json_of(paying(**found))}, state=state)
            for state, found in _CODES.items()
        ),
        Example(f"{_PICTURE}?done=confirmed", answers=_CONFIRMED),
        Example(f"{_PICTURE}?done=amounts", answers=_CONFIRMED),
    ),
    "/console/payment-settings/picture/code": (
        Example(f"{_PICTURE}/code", 303),
        Example(f"{_PICTURE}/code", 303, {"do": "confirm"}, {CONFIRM: json_of(paying())}),
        Example(f"{_PICTURE}/code", 409, {"do": "confirm"}, {CONFIRM: problem(409, "qris_changed", detail="123-api")}),
        Example(f"{_PICTURE}/code", 422, {**_AMOUNTS, "qris_limit": "5 juta"}, _CONFIRMED, state="no number"),
        Example(f"{_PICTURE}/code", 422, _AMOUNTS, {**_CONFIRMED, _PUT_PAYING: _wrong("qris_limit")}),
        Example(
            f"{_PICTURE}/code",
            409,
            _AMOUNTS,
            {**_CONFIRMED, _PUT_PAYING: problem(409, "qris_not_confirmed", detail="123-api")},
        ),
    ),
    "/console/payment-settings/picture/remove": (
        Example("/console/payment-settings/picture/remove"),
        Example(
            "/console/payment-settings/picture/remove",
            answers={PAYING: json_of(paying(account_number=None))},
            state="last",
        ),
        Example(
            "/console/payment-settings/picture/remove",
            answers={PAYING: json_of(paying(qris_image=None))},
            state="none",
        ),
    ),
    "/console/payment-settings/reasons": (
        Example("/console/payment-settings/reasons?done=saved"),
        Example("/console/payment-settings/reasons", 422, {"reason_1_id": "Ini salah."}),
        Example(
            "/console/payment-settings/reasons",
            422,
            {"reason_2_id": "Ini salah.", "reason_2_en": "It is wrong."},
            {_PUT_PAYING: _wrong("rejection_reasons.0.id")},
        ),
    ),
}
