"""Parsing the form of `/send`."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import urlsplit

from simulators.attachments import Attachment
from simulators.fonnte.targets import DEFAULT_COUNTRY_CODE, InvalidTarget, Target, parse_targets

LONGEST_MESSAGE = 60_000
_DELAY = re.compile(r"([0-9]{1,6})(?:-[0-9]{1,6})?", re.ASCII)
_COUNTRY_CODE = re.compile(r"0|[1-9][0-9]{0,2}", re.ASCII)
_SCHEDULE = re.compile(r"[0-9]{1,11}", re.ASCII)
_FLAGS = {"true": True, "1": True, "false": False, "0": False}


class Refused(Exception):
    """Fonnte's refusal: HTTP 200 with `status: false` and this reason."""

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


@dataclass(frozen=True, slots=True)
class Order:
    """One text for one or more recipients. `delay` is the seconds between two of them."""

    targets: list[Target]
    text: str
    url: str | None
    attachments: tuple[Attachment, ...]
    schedule: datetime | None
    delay: int
    connect_only: bool


def read_orders(fields: Mapping[str, str], attachment: Attachment | None) -> list[Order]:
    """Return the orders of one request: one, or many if `data` contains a JSON list of them.

    Raises:
        Refused: with the reason that Fonnte gives.
    """
    if "data" not in fields:
        return [_read_order(fields, attachment)]
    if attachment is not None:
        raise Refused("input invalid")
    return [_read_order(entry, None) for entry in _read_data(fields["data"])]


def read_targets(fields: Mapping[str, str]) -> list[Target]:
    """Return the recipients.

    Raises:
        Refused: a recipient is not valid, or none is given.
    """
    code = fields.get("countryCode", "").strip() or DEFAULT_COUNTRY_CODE
    if not fields.get("target", "").strip() or not _COUNTRY_CODE.fullmatch(code):
        raise Refused("input invalid")
    try:
        return parse_targets(fields["target"], code)
    except InvalidTarget:
        raise Refused("target invalid") from None


def _read_data(text: str) -> list[dict[str, str]]:
    try:
        entries = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused("JSON format invalid") from None
    if not isinstance(entries, list) or not entries or not all(isinstance(entry, dict) for entry in entries):
        raise Refused("JSON format invalid")
    return [{key: _as_field(value) for key, value in entry.items()} for entry in entries]


def _as_field(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _read_order(fields: Mapping[str, str], attachment: Attachment | None) -> Order:
    targets = read_targets(fields)
    url = _read_url(fields.get("url", ""))
    text = fields.get("message", "")
    if len(text) > LONGEST_MESSAGE or not (text or url or attachment):
        raise Refused("input invalid")
    _read_flag(fields, "typing", default=False)
    in_sequence = _read_flag(fields, "sequence", default=False)
    schedule, delay = _read_schedule(fields.get("schedule", "")), _read_delay(fields.get("delay", ""))
    return Order(
        targets=targets,
        text=text,
        url=url,
        attachments=(attachment,) if attachment else (),
        schedule=None if in_sequence else schedule,
        delay=0 if in_sequence else delay,
        connect_only=_read_flag(fields, "connectOnly", default=True),
    )


def _read_url(value: str) -> str | None:
    value = value.strip()
    if not value:
        return None
    try:
        parts = urlsplit(value)
        value.encode()
    except ValueError:
        raise Refused("url invalid") from None
    if parts.scheme not in {"http", "https"} or not parts.netloc:
        raise Refused("url invalid")
    return value


def _read_flag(fields: Mapping[str, str], name: str, *, default: bool) -> bool:
    value = fields.get(name, "").strip().lower()
    if not value:
        return default
    if value not in _FLAGS:
        raise Refused("input invalid")
    return _FLAGS[value]


def _read_schedule(value: str) -> datetime | None:
    value = value.strip()
    if value in {"", "0"}:
        return None
    if not _SCHEDULE.fullmatch(value):
        raise Refused("input invalid")
    return datetime.fromtimestamp(int(value), UTC)


def _read_delay(value: str) -> int:
    if not value.strip():
        return 0
    match = _DELAY.fullmatch(value.strip())
    if match is None:
        raise Refused("input invalid")
    return int(match[1])
