"""Requests to register, made before the clock starts: different people, each with a key of their own."""

import json
from collections.abc import Iterator, Sequence
from uuid import UUID, uuid4

from standalone.journey.people import Crowd

from bench.client import post

CROWD = Crowd()
"""One for the whole run, so that no person comes twice."""

_PATH = "/api/registration/v1/registrations"


def registrations(categories: Sequence[UUID], count: int, *, keys: bool = True) -> Iterator[bytes]:
    """So many runners, one category after the other."""
    forms = (CROWD.form(str(categories[number % len(categories)])) for number in range(count))
    return iter([post(_PATH, json.dumps(form).encode(), key=uuid4().hex if keys else None) for form in forms])
