"""Requests to register, made before the clock starts: different people, each with a key of their own."""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import urlencode
from uuid import UUID, uuid4

from standalone.journey.people import Crowd

from bench.client import post

CROWD = Crowd()
"""One for the whole run, so that no person comes twice."""

_PATH = "/api/registration/v1/registrations"
_JSON = {"Content-Type": "application/json"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}
_COOKIE_BYTES = 32


def registrations(
    categories: Sequence[UUID], count: int, *, keys: bool = True, promo_code: str | None = None
) -> Iterator[bytes]:
    """So many runners, one category after the other."""
    code = {"promo_code": promo_code} if promo_code else {}
    forms = ({**CROWD.form(str(categories[number % len(categories)])), **code} for number in range(count))
    return iter([_call(form, {"Idempotency-Key": uuid4().hex} if keys else {}) for form in forms])


def sent_forms(path: str, count: int) -> Iterator[bytes]:
    """So many runners whose browsers run no scripts and have the cookie of the form already."""
    return iter([_sent_form(path, CROWD.person()) for _ in range(count)])


def _call(form: Mapping[str, Any], headers: Mapping[str, str]) -> bytes:
    return post(_PATH, json.dumps(form).encode(), {**_JSON, **headers})


def _sent_form(path: str, person: Mapping[str, Any]) -> bytes:
    year, month, day = person["date_of_birth"].split("-")
    plain = {name: value for name, value in person.items() if name not in ("date_of_birth", "is_pic")}
    typed = {**plain, "date_of_birth-day": day, "date_of_birth-month": month, "date_of_birth-year": year}
    body = urlencode({f"p1-{name}": value for name, value in typed.items()}).encode()
    return post(path, body, {**_FORM, "Cookie": f"form={secrets.token_urlsafe(_COOKIE_BYTES)}"})
