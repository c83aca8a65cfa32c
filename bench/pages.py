"""Lines 10 to 12: what pages cost, a form that is sent without a script, and the API while pages are up."""

from collections.abc import Collection, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import repeat

import uvloop
from chassis.secrets import new_key

from bench.api import registration_api
from bench.client import closed_loop, get
from bench.forms import registrations, sent_forms
from bench.processes import Process, processes
from bench.rates import CREATED, ROUNDS, only, rush
from bench.report import Figure, Report, Target
from bench.stage import Stage, Stages, check

_KEPT, _FORM, _BESIDE = 10, 11, 12
LINES = frozenset({_KEPT, _FORM, _BESIDE})

_OK, _SEE_OTHER = 200, 303
_PATH = "/races/bench/register/H0/"
_TEN, _ONE = f"{_PATH}10", f"{_PATH}1"
_PAGE = get(_TEN, {"Accept-Encoding": "gzip"})
_KEEPING = "web.service:create_app"
_NOT_KEEPING = "bench.without_keeping:create_app"
_ASKED_NOTHING = ("payment", "notification", "checkin", "identity")
_CONNECTIONS = 32
_MOST_PER_SECOND = 3000
_MILLI = 1000


def measure(report: Report, stages: Stages, lines: Collection[int], *, seconds: int) -> None:
    """The figures of these lines."""
    if _KEPT in lines:
        report.add(*_kept(stages, seconds))
    if _FORM in lines:
        report.add(*_form(stages, seconds))
    if _BESIDE in lines:
        report.add(*_beside(stages, seconds))


@contextmanager
def _pages(stage: Stage, api: Process, application: str = _KEEPING) -> Iterator[Process]:
    environment = {
        **{f"{name.upper()}_URL": api.url for name in ("registration", *_ASKED_NOTHING)},
        "DATABASE_URL": stage.url,  # of sessions of staff, which are not opened here
        "SECRET_KEYS": new_key(),
        "PUBLIC_URL": "http://127.0.0.1",
        "LOG_LEVEL": "ERROR",
    }
    with processes(application, environment) as [process]:
        yield process


def _kept(stages: Stages, seconds: int) -> list[Figure]:
    with (
        stages.new() as stage,
        registration_api(stage, workers=1) as [api],
        _pages(stage, api) as keeping,
        _pages(stage, api, _NOT_KEEPING) as not_keeping,
    ):
        rounds = [
            (_pages_per_cpu_second(keeping, seconds), _pages_per_cpu_second(not_keeping, seconds))
            for _ in range(ROUNDS)
        ]
    return [
        Figure(_KEPT, "form of ten, kept", [kept for kept, _ in rounds], "per CPU second"),
        Figure(_KEPT, "form of ten, rendered", [rendered for _, rendered in rounds], "per CPU second"),
        Figure(_KEPT, "kept / rendered", [kept / rendered for kept, rendered in rounds], "x", Target(10)),
    ]


def _pages_per_cpu_second(pages: Process, seconds: int) -> float:
    before = pages.cpu_seconds()
    answers = uvloop.run(closed_loop([pages.port], repeat(_PAGE), connections=_CONNECTIONS, seconds=seconds))
    only(_OK, answers)
    return len(answers.found) / (pages.cpu_seconds() - before)


@dataclass(frozen=True)
class _Cost:
    """CPU milliseconds for each registration, in all processes of ours together."""

    form: float
    call: float


def _form(stages: Stages, seconds: int) -> list[Figure]:
    with stages.new() as stage, registration_api(stage, workers=1) as [api], _pages(stage, api) as pages:
        rounds = [_costs(stage, api, pages, seconds) for _ in range(ROUNDS)]
        check(stage, accepted=sum(accepted for _, accepted in rounds))
    costs = [cost for cost, _ in rounds]
    return [
        Figure(_FORM, "a registration through the API", [cost.call for cost in costs], "ms CPU"),
        Figure(_FORM, "a registration through the form", [cost.form for cost in costs], "ms CPU"),
        Figure(_FORM, "form / API", [cost.form / cost.call for cost in costs], "x", Target(ceiling=2.0)),
    ]


def _costs(stage: Stage, api: Process, pages: Process, seconds: int) -> tuple[_Cost, int]:
    """What both ways cost, and how many registrations were made."""
    count = _MOST_PER_SECOND * seconds
    call, called = _cost([api], api, registrations(stage.categories, count), CREATED, seconds)
    form, sent = _cost([api, pages], pages, sent_forms(_ONE, count), _SEE_OTHER, seconds)
    return _Cost(form, call), called + sent


def _cost(
    all_of: Sequence[Process], asked: Process, requests: Iterator[bytes], status: int, seconds: int
) -> tuple[float, int]:
    before = sum(process.cpu_seconds() for process in all_of)
    answers = uvloop.run(closed_loop([asked.port], requests, connections=_CONNECTIONS, seconds=seconds))
    used = sum(process.cpu_seconds() for process in all_of) - before
    only(status, answers)
    return _MILLI * used / len(answers.found), len(answers.found)


def _beside(stages: Stages, seconds: int) -> list[Figure]:
    """Measure the API with and without a process of pages, alternately."""
    alone, beside = [], []
    for _ in range(ROUNDS):
        alone.append(_rush(stages, seconds, with_pages=False))
        beside.append(_rush(stages, seconds, with_pages=True))
    ratios = [mine / other for mine, other in zip(beside, alone, strict=True)]
    return [
        Figure(_BESIDE, "HTTP, 256 connections, without pages", alone, "/s"),
        Figure(_BESIDE, "HTTP, 256 connections, with pages", beside, "/s"),
        Figure(_BESIDE, "with / without pages", ratios, "x", Target(0.9)),
    ]


def _rush(stages: Stages, seconds: int, *, with_pages: bool) -> float:
    with stages.new() as stage, registration_api(stage) as apis, ExitStack() as stack:
        if with_pages:
            pages = stack.enter_context(_pages(stage, apis[0]))
            _pages_per_cpu_second(pages, 1)
        answers, accepted = rush([api.port for api in apis], stage, connections=256, seconds=seconds)
        check(stage, accepted=accepted)
    return only(CREATED, answers)
