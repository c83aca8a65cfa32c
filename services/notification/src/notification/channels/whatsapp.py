"""WhatsApp by way of Fonnte.

Fonnte answers HTTP 200 for failures, too: only the body's `status` says whether a message was taken. It knows no
idempotency key, so once a request has begun to leave, silence means that nobody knows.
"""

import ssl
from collections.abc import Mapping
from typing import Any

import httpx

from notification.channels.addresses import InvalidAddress, whatsapp_number
from notification.channels.port import (
    NotSent,
    OutboundMessage,
    OutcomeUnknown,
    PermanentFailure,
    SenderTrouble,
    TemporaryFailure,
)

_THE_MESSAGE = ("target invalid", "input invalid", "url invalid", "json format invalid", "file format", "file size")
_THE_SENDER = ("token", "quota", "device", "disconnect", "expired", "package", "banned", "limit")
_NOTHING_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.LocalProtocolError,
    httpx.InvalidURL,
)
_SURELY_REFUSED = frozenset({401, 403, 404, 405, 408, 429, 503})


class FonnteChannel:
    """Sends through one Fonnte device.

    Args:
        token: the device's, sent as it is.
        tls: how Fonnte's certificate is checked.
        timeout: seconds for connecting, and for each wait after it.
    """

    def __init__(self, *, base_url: str, token: str, tls: ssl.SSLContext, timeout: float) -> None:
        self._tls = tls
        self._url = f"{base_url}/send"
        self._token = token
        self._timeout = timeout

    async def send(self, message: OutboundMessage) -> str | None:
        """See `MessageChannel`."""
        try:
            target = whatsapp_number(message.recipient)
        except InvalidAddress:
            raise PermanentFailure("the WhatsApp number is not a phone number") from None
        form = {"target": target, "message": message.body, "countryCode": "62", "connectOnly": "true"}
        return _accepted(await self._post(form))

    async def _post(self, form: Mapping[str, str]) -> httpx.Response:
        try:
            async with httpx.AsyncClient(verify=self._tls, timeout=self._timeout, follow_redirects=False) as http:
                return await http.post(self._url, data=form, headers={"Authorization": self._token})
        except _NOTHING_LEFT as error:
            raise SenderTrouble(f"Fonnte cannot be reached ({type(error).__name__})") from None
        except httpx.HTTPError as error:
            raise OutcomeUnknown(f"Fonnte did not answer ({type(error).__name__})") from None


def _accepted(answer: httpx.Response) -> str | None:
    body = _body(answer)
    match body.get("status"):
        case True | "true" | "True":
            return _first_id(body.get("id"))
        case False | "false" | "False":
            raise _refusal(str(body.get("reason") or body.get("detail") or "no reason given"))
    if answer.status_code in _SURELY_REFUSED or answer.is_redirect:
        raise SenderTrouble(f"Fonnte answered HTTP {answer.status_code}")
    raise OutcomeUnknown(f"Fonnte's answer cannot be understood (HTTP {answer.status_code})")


def _body(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        found = answer.json()
    except ValueError:
        return {}
    return {str(key).lower(): value for key, value in found.items()} if isinstance(found, dict) else {}


def _refusal(reason: str) -> NotSent:
    said = f"Fonnte: {reason[:200]}"
    if any(words in reason.lower() for words in _THE_MESSAGE):
        return PermanentFailure(said)
    if any(words in reason.lower() for words in _THE_SENDER):
        return SenderTrouble(said)
    return TemporaryFailure(said)


def _first_id(ids: Any) -> str | None:
    first = ids[0] if isinstance(ids, list) and ids else ids
    return str(first)[:100] if isinstance(first, str | int) and not isinstance(first, bool) else None
