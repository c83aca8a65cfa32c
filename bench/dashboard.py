"""Line 7: what the first page of the console asks of payment, notification and check-in about a million registrations.

Registration's part of it is in `bench/scale.py`.
"""

import asyncio
import tempfile
import time
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from chassis.secrets import new_key
from testkit.tokens import Issuer

from bench.client import percentile
from bench.dashboard_rows import EVENT, REGISTRATIONS, fill
from bench.processes import processes
from bench.report import Figure, Report, Target
from bench.staff import public_keys
from bench.stage import Stages, Violation

_SCALE = 7
LINES = frozenset({_SCALE})

_AT_MOST_MS = 500
_ASKED = 20
_MILLI = 1000
_PATIENCE = 120.0
_OF_RACE = {"event_id": EVENT}
_SOME = {"limit": "50"}


@dataclass(frozen=True)
class _Asked:
    """Something that the page asks a service.

    Attributes:
        kept_for: seconds for which the service keeps an answer; it is asked again after them.
    """

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    kept_for: float = 0.0


@dataclass(frozen=True)
class _Service:
    """A service, what it has of a million registrations, and what the page asks it."""

    name: str
    rows: str
    asked: Sequence[_Asked]


_QUEUES = _Asked("/queues")
_SERVICES = (
    _Service(
        "payment",
        "a million invoices",
        (
            _Asked("/stats"),
            _Asked("/stats", _OF_RACE),
            _Asked("/surplus", {"state": "open", **_SOME}),
            _Asked("/surplus", {"state": "refund_due", **_SOME}),
            _Asked("/reconciliation/runs", {"limit": "1"}),
            _QUEUES,
        ),
    ),
    _Service(
        "notification", "a million messages, of 250,000 registrations", (_Asked("/stats", kept_for=10.5), _QUEUES)
    ),
    _Service(
        "checkin",
        "a million participants, 700,000 packs handed out",
        (
            _Asked("/stats", _OF_RACE),
            _Asked("/checkins", {**_OF_RACE, "state": "cancelled", **_SOME}),
            _Asked("/conflicts", {"state": "open", **_SOME}),
            _QUEUES,
        ),
    ),
)


def measure(report: Report, stages: Stages, lines: Collection[int], *, seconds: int) -> None:  # noqa: ARG001
    """The figures of this line, by service."""
    if not LINES.intersection(lines):
        return
    issuer = Issuer()
    for service in _SERVICES:
        with stages.database(service.name) as url, public_keys(issuer) as jwks_url:
            began = time.perf_counter()
            asyncio.run(fill(url, service.name))
            report.add(Figure(_SCALE, f"{service.name}: {service.rows}", [time.perf_counter() - began], "s"))
            with _api(service.name, url, jwks_url) as base, _client(base, issuer) as http:
                report.add(*(_figure(http, service.name, asked) for asked in service.asked))


@contextmanager
def _api(service: str, url: str, jwks_url: str) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        environment = {
            "DATABASE_URL": url,
            "BROKER_URL": "amqp://unused",
            "SECRET_KEYS": new_key(),
            "PUBLIC_URL": "http://127.0.0.1",
            "STAFF_JWKS_URL": jwks_url,
            "RUNNER_JWKS_URL": jwks_url,
            "PROOF_STORE": Path(folder).as_uri(),
            "LOG_LEVEL": "ERROR",
        }
        with processes(f"{service}.service:SERVICE.create_app", environment) as [api]:
            yield f"{api.url}/api/{service}/v1"


def _client(base: str, issuer: Issuer) -> httpx.Client:
    return httpx.Client(base_url=base, headers=issuer.staff(), timeout=_PATIENCE)


def _figure(http: httpx.Client, service: str, asked: _Asked) -> Figure:
    took = []
    for _ in range(_ASKED if not asked.kept_for else 3):
        began = time.perf_counter()
        answer = http.get(asked.path, params=asked.query)
        took.append(_MILLI * (time.perf_counter() - began))
        if answer.status_code != httpx.codes.OK:
            raise Violation(f"{service}{asked.path}: {answer.status_code} {answer.text[:200]}")
        time.sleep(asked.kept_for)
    query = "&".join(f"{name}={value}" for name, value in asked.query.items() if value != EVENT)
    of_race = " of a race" if EVENT in asked.query.values() else ""
    note = f"p50 {percentile(took, 0.5):.1f} ms of {len(took)}, of {REGISTRATIONS:,} registrations"
    what = f"p99 of {service}{asked.path}{'?' if query else ''}{query}{of_race}"
    return Figure(_SCALE, what, [percentile(took, 0.99)], "ms", Target(ceiling=_AT_MOST_MS), note)
