"""What notification and payment answer to the pages of messages, senders and ways to pay."""

from collections.abc import Mapping
from typing import Any, Final

import httpx

from .conftest import NOW
from .runner_apis import at
from .walk_staff import json_of

NOTIFICATION: Final = "/api/notification/v1"
PAYMENT: Final = "/api/payment/v1"
LOG: Final = ("GET", f"{NOTIFICATION}/notifications")
MESSAGE: Final = "0190c0de-0000-7000-8000-000000000021"
_OTHERS: Final = [f"0190c0de-0000-7000-8000-0000000000{number}" for number in range(22, 32)]
_REGISTRATION: Final = "0190c0de-0000-7000-8000-000000000001"
NUMBER: Final = "FR5K-2027-00001"

KINDS: Final = (
    "registration.created",
    "payment.uploaded",
    "payment.rejected",
    "registration.confirmed",
    "registration.expired",
    "registration.cancelled",
    "registration.reopened",
    "payment.refund_due",
    "payment.refund_done",
    "waitlist.joined",
    "waitlist.offered",
    "waitlist.ended",
    "race.changed",
    "access.links_requested",
)


def attempt(outcome: str | None = "sent", **fields: Any) -> dict[str, Any]:
    """Return an attempt, which was made an hour ago."""
    finished = at(-1) if outcome else None
    base = {"id": _REGISTRATION, "started_at": at(-1), "finished_at": finished, "outcome": outcome}
    return {**base, "detail": None, "provider_id": None, **fields}


def content(**fields: Any) -> dict[str, Any]:
    """Return what was sent by an attempt."""
    text: dict[str, Any] = {"subject": None, "text": "123\n456", "html": None, "attachments": []}
    return {"channel": "whatsapp", "recipient": "6281234567890", **text, **fields}


def kept(outcome: str = "sent", **fields: Any) -> dict[str, Any]:
    """Return an attempt whose content is kept."""
    return {**attempt(outcome), "content_state": "kept", "content": content(), **fields}


def without_content(state: str, outcome: str | None = "temporary", **fields: Any) -> dict[str, Any]:
    """Return an attempt without content."""
    return {**attempt(outcome, detail="whatsapp_refused"), "content_state": state, "content": None, **fields}


def message(status: str = "sent", **fields: Any) -> dict[str, Any]:
    """Return a message of the log."""
    times = {"sent_at": None, "delivered_at": None, "next_attempt_at": None, "created_at": at(-2), "updated_at": at(-1)}
    reasons = {"failed": "whatsapp_number_invalid", "unknown": "mail_server_silent_421", "skipped": "x: y"}
    return {
        "id": MESSAGE,
        "resend_of": None,
        "registration_id": _REGISTRATION,
        "registration_number": NUMBER,
        "participant_id": _REGISTRATION,
        "channel": "whatsapp",
        "event_type": "registration.created",
        "recipient": "6281234567890",
        "status": status,
        "retry_count": 0,
        "failed_reason": reasons.get(status),
        "attempts": [],
        **times,
        **fields,
    }


def detail(status: str = "sent", *attempts: dict[str, Any], **fields: Any) -> Mapping[tuple[str, str], httpx.Response]:
    """Return the answer about one message."""
    found = message(status, **{"attempts": list(attempts), **fields})
    return {("GET", f"{NOTIFICATION}/notifications/{MESSAGE}"): json_of(found)}


def log(*messages: dict[str, Any], more: str | None = None) -> httpx.Response:
    """Return a page of the log."""
    return json_of({"items": list(messages), "next_cursor": more})


_STATUSES = ("pending", "sending", "sent", "delivered", "failed", "unknown", "skipped")
_LOGGED = (
    *(
        message(status, id=identifier, event_type=kind, attempts=[attempt()], next_attempt_at=at(1))
        for status, identifier, kind in zip(_STATUSES, _OTHERS, KINDS, strict=False)
    ),
    message("skipped", failed_reason="the channel was switched off", channel="email", recipient="budi@example.com"),
)

TEMPLATE: Final = "registration.confirmed/email/id"
_BODY = {"id": "Halo {name}", "en": "Hello {name}"}


def template(kind: str, channel: str, locale: str, **fields: Any) -> dict[str, Any]:
    """Return a standard template."""
    subject = "{event_name}" if channel == "email" else None
    text = {"subject": subject, "body": _BODY[locale], "is_default": True, "state": "default", "changed_at": None}
    return {"event_type": kind, "channel": channel, "locale": locale, **text, "variables": {}, **fields}


OWN: Final[dict[str, Any]] = {"is_default": False, "changed_at": NOW.isoformat()}


def of_template(key: str = TEMPLATE, **fields: Any) -> Mapping[tuple[str, str], httpx.Response]:
    """Return the answer about one template."""
    kind, channel, locale = key.split("/")
    return {("GET", f"{NOTIFICATION}/templates/{key}"): json_of(template(kind, channel, locale, **fields))}


def variable(name: str, **fields: Any) -> dict[str, Any]:
    """Return a variable of all messages."""
    words = {"description": {"en": "the name of it", "id": "nama ini"}, "example": {"en": "Budi", "id": "Budi"}}
    return {"name": name, **words, "in_subject": True, "event_types": KINDS, **fields}


_KEYS = [(kind, channel, locale) for kind in KINDS for channel in ("whatsapp", "email") for locale in ("id", "en")]
_TEMPLATES = [template(*key, **(OWN if key[0] == "race.changed" and key[2] == "id" else {})) for key in _KEYS]


def sender(channel: str = "whatsapp", **fields: Any) -> dict[str, Any]:
    """Return a sender that sends."""
    return {
        "channel": channel,
        "enabled": True,
        "configured": True,
        "missing": None,
        "trouble": None,
        "trouble_since": None,
        "paused_until": None,
        "last_sent_at": at(-1),
        "last_success_at": at(-1),
        "last_failure_at": None,
        "last_failure_reason": None,
        "sent_last_hour": 12,
        "sent_last_day": 1200,
        "waiting": 0,
        "waiting_is_more": False,
        "limit_per_minute": 12,
        "left_this_minute": 11,
        **fields,
    }


SENDERS: Final = ("GET", f"{NOTIFICATION}/senders")
TEST: Final = ("POST", f"{NOTIFICATION}/settings/test")
SETTINGS: Final = {
    "default_locale": "id",
    "whatsapp_enabled": True,
    "whatsapp_delay_seconds": 6,
    "whatsapp_max_per_minute": 12,
    "whatsapp_retry_limit": 5,
    "fonnte_device_id": "628",
    "fonnte_api_key_set": True,
    "email_enabled": False,
    "email_delay_seconds": 0,
    "email_max_per_minute": 60,
    "email_retry_limit": 5,
    "email_from_address": "panitia@example.com",
    "email_from_name": "Lari",
    "smtp_host": "mail.example.com",
    "smtp_port": 587,
    "smtp_username": "lari",
    "smtp_password_set": False,
    "smtp_security": "starttls",
}


def result_of_test(outcome: str = "sent", **fields: Any) -> httpx.Response:
    """Return the result of a test message."""
    summary = {"en": "The provider says this.", "id": "Penyedia mengatakan ini."}
    result = {"channel": "email", "to": "budi@example.com", "outcome": outcome, "reason": None, "provider_said": None}
    return json_of({**result, "summary": summary, **fields})


PAYING: Final = ("GET", f"{PAYMENT}/settings")


def paying(**fields: Any) -> dict[str, Any]:
    """Return the settings of payment."""
    return {
        "bank_name": "BCA",
        "account_number": "123 456",
        "account_holder_name": "Budi Santoso",
        "payment_instructions": "123\n456",
        "qris_image": "/api/payment/v1/instructions/qris.png",
        "payment_deadline_hours": 24,
        "rejection_reasons": [{"en": "It is wrong.", "id": "Ini salah."}, {"en": "It is old.", "id": "Ini lama."}],
        **fields,
    }


CONFIRM: Final = ("POST", f"{PAYMENT}/settings/qris/confirm")


def read_code(**fields: Any) -> dict[str, Any]:
    """Return what payment read from the QRIS picture."""
    return {
        "merchant": "LARI CONTOH",
        "city": "BANDUNG",
        "nmid": "ID1020000000001",
        "dynamic": False,
        "confirmed": False,
        "payload_sha256": "5f" * 32,
        **fields,
    }


ANSWERS: Final[Mapping[tuple[str, str], httpx.Response]] = {
    LOG: log(*_LOGGED, more="x"),
    **detail("sent", kept(provider_id="17"), sent_at=at(-1)),
    ("POST", f"{NOTIFICATION}/notifications/{MESSAGE}/resend"): httpx.Response(202, json={"id": MESSAGE}),
    ("POST", f"{NOTIFICATION}/notifications/bulk/retry"): json_of(
        {
            "items": [
                {"id": identifier, "result": result, "status": "pending"}
                for identifier, result in zip(
                    [MESSAGE, *_OTHERS], ("retried", "waiting", "sent", "superseded", "unknown"), strict=False
                )
            ],
            "retried": 1,
        }
    ),
    ("GET", f"{NOTIFICATION}/notifications/retry-failed"): json_of(
        {
            "items": [
                {"channel": "whatsapp", "failed": 1200, "unknown": 2, "skipped": 0},
                {"channel": "email", "failed": 0, "unknown": 0, "skipped": 7},
            ]
        }
    ),
    ("POST", f"{NOTIFICATION}/notifications/retry-failed"): json_of({"retried": 1200}),
    ("GET", f"{NOTIFICATION}/templates"): json_of({"items": _TEMPLATES, "next_cursor": None}),
    ("GET", f"{NOTIFICATION}/templates/variables"): json_of(
        {"items": [variable("name"), variable("status_url", in_subject=False)], "next_cursor": None}
    ),
    **{
        answer: found
        for kind, channel, locale in _KEYS
        for answer, found in of_template(f"{kind}/{channel}/{locale}").items()
    },
    ("POST", f"{NOTIFICATION}/templates/{TEMPLATE}/preview"): json_of({"subject": "Lari", "body": "Halo", "html": "x"}),
    ("POST", f"{NOTIFICATION}/templates/registration.confirmed/email/en/preview"): json_of(
        {"subject": "Lari", "body": "Hello", "html": "x"}
    ),
    ("POST", f"{NOTIFICATION}/templates/access.links_requested/whatsapp/en/preview"): json_of(
        {"subject": None, "body": "Hello", "html": None}
    ),
    SENDERS: json_of([sender(), sender("email")]),
    ("GET", f"{NOTIFICATION}/settings"): json_of(SETTINGS),
    TEST: result_of_test(),
    PAYING: json_of(paying()),
}
