"""WhatsApp through Fonnte.

Fonnte returns HTTP 200 for failures, too: only `status` in the body tells whether a message was accepted. There is no
idempotency key, so a time-out after the request was sent means that the outcome is unknown.
"""

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

import httpx
from chassis.answers import fetch, read_json
from chassis.canonical.phones import canonical_whatsapp
from chassis.wording import Refused

from notification.channels.errors import NotSent, OutcomeUnknown, PermanentFailure, SenderFailure, TemporaryFailure
from notification.channels.port import Culprit, OutboundMessage
from notification.channels.provider_log import log_provider_text, note_provider_text

_MESSAGE_REASONS = ("target invalid", "input invalid", "url invalid", "json format invalid", "file format", "file size")
_SENDER_REASONS = ("token", "quota", "device", "disconnect", "expired", "package", "banned", "limit")
_NOT_SENT_ERRORS = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)
_REJECTED_STATUSES = frozenset({401, 403, 404, 405, 408, 429, 503})


class FonnteChannel:
    """Sends messages through one Fonnte device.

    Args:
        token: the device's token.
        tls: verifies Fonnte's certificate.
        timeout: seconds for connecting and for each read or write.
        limit: seconds for the whole request.
    """

    def __init__(self, *, base_url: str, token: str, tls: ssl.SSLContext, timeout: float, limit: float = 90.0) -> None:
        self._tls = tls
        self._url = f"{base_url}/send"
        self._token = token
        self._timeout = timeout
        self._limit = limit

    async def send(self, message: OutboundMessage) -> str | None:
        """See `MessageChannel`."""
        target = target_of(message.recipient)
        # Country code 0: Fonnte does not change the number.
        form = {"target": target, "message": message.body, "countryCode": "0", "connectOnly": "true"}
        return _accepted(await self._post(form))

    async def _post(self, form: Mapping[str, str]) -> httpx.Response:
        try:
            async with (
                asyncio.timeout(self._limit),
                httpx.AsyncClient(verify=self._tls, timeout=self._timeout, follow_redirects=False) as http,
            ):
                return await fetch(http, "POST", self._url, data=form, headers={"Authorization": self._token})
        except _NOT_SENT_ERRORS as error:
            raise SenderFailure(_coded("whatsapp_unreachable", type(error).__name__), Culprit.SENDER) from None
        except (httpx.HTTPError, TimeoutError) as error:
            raise OutcomeUnknown(_coded("whatsapp_silent", type(error).__name__)) from None


def target_of(canonical: str) -> str:
    """Return the digits, with country code, that Fonnte sends to.

    Raises:
        PermanentFailure: the number cannot have WhatsApp.
    """
    try:
        return canonical_whatsapp(f"+{canonical}")
    except Refused:
        raise PermanentFailure("whatsapp_number_invalid") from None


def _accepted(answer: httpx.Response) -> str | None:
    body = _body(answer)
    match body.get("status"):
        case True | "true" | "True":
            note_provider_text(str(body.get("detail") or ""))
            return _first_id(body.get("id"))
        case False | "false" | "False":
            raise _refusal(str(body.get("reason") or body.get("detail") or "no reason given"))
    if answer.status_code in _REJECTED_STATUSES or answer.is_redirect:
        raise SenderFailure(f"whatsapp_http_{answer.status_code}")
    raise OutcomeUnknown(f"whatsapp_unreadable_{answer.status_code}")


def _body(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        found = read_json(answer)
    except ValueError:
        return {}
    return {str(key).lower(): value for key, value in found.items()} if isinstance(found, dict) else {}


def _refusal(reason: str) -> NotSent:
    for phrases, kind in ((_MESSAGE_REASONS, PermanentFailure), (_SENDER_REASONS, SenderFailure)):
        for phrase in phrases:
            if phrase in reason.lower():
                return kind(_coded(f"whatsapp_{phrase.replace(' ', '_')}", reason))
    return TemporaryFailure(_coded("whatsapp_refused", reason))


def _coded(code: str, words: str) -> str:
    """Log Fonnte's text and return the code."""
    log_provider_text(code, words)
    return code


def _first_id(ids: Any) -> str | None:
    first = ids[0] if isinstance(ids, list) and ids else ids
    return str(first)[:100] if isinstance(first, str | int) and not isinstance(first, bool) else None
