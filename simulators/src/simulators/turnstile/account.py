"""The simulated Turnstile account and the validity of tokens.

A token that begins with `pass` is valid once, one that begins with `spent` counts as used, any other is invalid.
"""

import secrets
from collections import OrderedDict, deque
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

LONGEST_TOKEN = 2048

_ALWAYS_PASSES = "1x0000000000000000000000000000000AA"
_ALWAYS_FAILS = "2x0000000000000000000000000000000AA"
_ALWAYS_SPENT = "3x0000000000000000000000000000000AA"


class TurnstileMode(StrEnum):
    """Behaviour of the provider. In `failing` no token is valid; in `trouble` it reports an internal error."""

    OK = "ok"
    FAILING = "failing"
    TROUBLE = "trouble"
    DOWN = "down"
    TIMEOUT = "timeout"


@dataclass(frozen=True, slots=True)
class Question:
    """The fields of a request; empty where one was not sent."""

    secret: str = ""
    response: str = ""
    remoteip: str = ""
    idempotency_key: str = ""


class Refused(Exception):
    """A token is not accepted.

    Args:
        code: for `error-codes`.
    """

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class TurnstileAccount:
    """Answers as Turnstile would for one widget.

    Args:
        secret: the only valid one; without it any is accepted. Cloudflare's three documented test secrets work as well.
        hostname: in answers, where challenges were solved.
        action: in answers, the widget's action.
        hold_seconds: how long mode `timeout` delays a response.
        keep: how many requests and used tokens are remembered.
    """

    def __init__(
        self,
        *,
        secret: str | None = None,
        hostname: str = "localhost",
        action: str = "",
        hold_seconds: float = 60.0,
        keep: int = 10_000,
    ) -> None:
        self.mode = TurnstileMode.OK
        self.hold_seconds = hold_seconds
        self.questions: deque[Question] = deque(maxlen=keep)
        self._secret = secret
        self._hostname = hostname
        self._action = action
        self._keep = keep
        self._used: OrderedDict[str, str] = OrderedDict()

    def answer(self, question: Question) -> dict[str, Any]:
        """Return the body of the response."""
        self.questions.append(question)
        try:
            self._check(question)
        except Refused as refused:
            return {"success": False, "error-codes": [refused.code]}
        return {
            "success": True,
            "error-codes": [],
            "challenge_ts": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "hostname": self._hostname,
            "action": self._action,
            "cdata": "",
        }

    def _check(self, question: Question) -> None:
        if self.mode is TurnstileMode.TROUBLE:
            raise Refused("internal-error")
        self._check_secret(question.secret)
        self._check_form(question)
        if self.mode is TurnstileMode.FAILING:
            raise Refused("invalid-input-response")
        if question.secret != _ALWAYS_PASSES:
            self._use(question)

    def _check_secret(self, secret: str) -> None:
        if not secret:
            raise Refused("missing-input-secret")
        if secret == _ALWAYS_FAILS:
            raise Refused("invalid-input-response")
        if secret == _ALWAYS_SPENT:
            raise Refused("timeout-or-duplicate")
        expected = self._secret
        if secret != _ALWAYS_PASSES and expected and not secrets.compare_digest(secret.encode(), expected.encode()):
            raise Refused("invalid-input-secret")

    def _check_form(self, question: Question) -> None:
        if not question.response:
            raise Refused("missing-input-response")
        if question.idempotency_key and not _is_uuid(question.idempotency_key):
            raise Refused("bad-request")

    def _use(self, question: Question) -> None:
        token, key = question.response, question.idempotency_key
        if token.startswith("spent"):
            raise Refused("timeout-or-duplicate")
        if len(token) > LONGEST_TOKEN or not token.startswith("pass"):
            raise Refused("invalid-input-response")
        if token in self._used and (not key or self._used[token] != key):
            raise Refused("timeout-or-duplicate")
        self._used[token] = key
        if len(self._used) > self._keep:
            self._used.popitem(last=False)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
