"""Lines 1, 2, 3, 6 and 16: how many a second, measured in alternating rounds against each other and against pgbench."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import uvloop

from bench import engine
from bench.api import api_processes
from bench.baseline import CLIENTS, transactions
from bench.client import Answers, closed_loop
from bench.forms import registrations
from bench.report import Figure, Report, Target
from bench.stage import Stage, Stages, Violation, check

ROUNDS = 5
CREATED, CONFLICT = 201, 409

_WARM_UP_SECONDS = 1.0
_MOST_PER_SECOND = 9000
_HOT, _SPREAD_OVER = 1, 50
_FEW_PLACES = 10


@dataclass(frozen=True)
class Speed:
    """What one contestant did in one round. `generator_cores` is what asking cost, where we were the one who asked."""

    per_second: float
    generator_cores: float | None = None


Contestant = Callable[[Stages, int], Speed]


def rush(
    ports: Sequence[int],
    stage: Stage,
    *,
    connections: int,
    seconds: float,
    keys: bool = True,
    prepared: Callable[[], object] = lambda: None,
) -> tuple[Answers, int]:
    """As fast as it goes: the answers, and how many were accepted since the processes started, warm-up included.

    Args:
        prepared: called before the first request, when all are made.
    """
    count = int(_MOST_PER_SECOND * (seconds + _WARM_UP_SECONDS))
    forms = registrations(stage.categories, count, keys=keys, promo_code=stage.promo_code)
    prepared()
    warm_up = uvloop.run(closed_loop(ports, forms, connections=connections, seconds=_WARM_UP_SECONDS))
    answers = uvloop.run(closed_loop(ports, forms, connections=connections, seconds=seconds))
    return answers, warm_up.statuses[CREATED] + answers.statuses[CREATED]


def pgbench(clients: int, stages: Stages, seconds: int) -> Speed:
    """One runner per transaction."""
    with stages.new() as stage:
        done = transactions(stage, clients=clients, seconds=seconds)
        check(stage, accepted=done.count)
    return Speed(done.per_second)


def without_http(stages: Stages, seconds: int) -> Speed:
    """Batching alone, without HTTP."""
    with stages.new() as stage:
        measured, accepted = engine.accepted(stage, seconds=seconds)
        check(stage, accepted=accepted)
    return Speed(measured / seconds)


def over_http(
    connections: int, categories: int, stages: Stages, seconds: int, *, promo_code: str | None = None
) -> Speed:
    """The full path to the committed outbox row; every runner has the promo code, if there is one."""
    with stages.new(categories=categories, promo_code=promo_code) as stage, api_processes(stage) as ports:
        answers, accepted = rush(ports, stage, connections=connections, seconds=seconds)
        check(stage, accepted=accepted)
    return Speed(only(CREATED, answers), answers.generator_cores)


def sold_out(stages: Stages, seconds: int, *, keys: bool) -> Speed:
    """Answers to those who come too late."""
    with stages.new(places=_FEW_PLACES) as stage, api_processes(stage) as ports:
        answers, accepted = rush(ports, stage, connections=256, seconds=seconds, keys=keys)
        if accepted != _FEW_PLACES:
            raise Violation(f"{accepted} got in where {_FEW_PLACES} places were")
    return Speed(only(CONFLICT, answers), answers.generator_cores)


def only(status: int, answers: Answers) -> float:
    """The rate of answers with that status.

    Raises:
        Violation: there were others.
    """
    if set(answers.statuses) != {status}:
        raise Violation(f"expected {status} only, got {dict(answers.statuses)}")
    return answers.rate(status)


_BASELINES = {f"pgbench, {clients} clients": partial(pgbench, clients) for clients in CLIENTS}
_OVER_HTTP = {f"HTTP, {count} connections": partial(over_http, count, _HOT) for count in (32, 256)}
_CONTESTANTS: Mapping[str, Contestant] = {
    **_BASELINES,
    **_OVER_HTTP,
    "batching without HTTP": without_http,
    "HTTP over 50 categories": partial(over_http, 256, _SPREAD_OVER),
    "HTTP with phases and a promo code": partial(over_http, 256, _HOT, promo_code="BENCH10"),
    "sold out, with keys": partial(sold_out, keys=True),
    "sold out, without keys": partial(sold_out, keys=False),
}
_NEEDED: Mapping[int, Collection[str]] = {
    1: [*_BASELINES, *_OVER_HTTP],
    2: [*_BASELINES, "batching without HTTP"],
    3: ["HTTP, 256 connections", "HTTP over 50 categories"],
    6: ["HTTP, 256 connections", "sold out, with keys", "sold out, without keys"],
    16: ["HTTP, 256 connections", "HTTP with phases and a promo code"],
}
LINES = frozenset(_NEEDED)


def measure(report: Report, stages: Stages, lines: Collection[int], *, seconds: int) -> None:
    """The figures of these lines, each contestant measured once a round however many lines it serves."""
    wanted = sorted(LINES.intersection(lines))
    names = [name for name in _CONTESTANTS if any(name in _NEEDED[line] for line in wanted)]
    rounds: list[dict[str, Speed]] = []
    for number in range(ROUNDS if names else 0):
        order = names if number % 2 == 0 else names[::-1]
        rounds.append({name: _CONTESTANTS[name](stages, seconds) for name in order})
    if rounds:
        report.add(*(_speed(name, wanted, rounds) for name in names))
        report.add(*(each for line in wanted for each in _ratios(line, rounds)))


def _speed(name: str, wanted: Collection[int], rounds: Sequence[Mapping[str, Speed]]) -> Figure:
    first = min(line for line in wanted if name in _NEEDED[line])
    return Figure(first, name, [found[name].per_second for found in rounds], "/s", note=_generator(name, rounds))


def _ratios(line: int, rounds: Sequence[Mapping[str, Speed]]) -> list[Figure]:
    return [
        Figure(line, what, [of(found) for found in rounds], "x", Target(floor)) for what, floor, of in _RATIOS[line]
    ]


def _generator(name: str, rounds: Sequence[Mapping[str, Speed]]) -> str:
    cores = [found[name].generator_cores for found in rounds]
    existing = [each for each in cores if each is not None]
    return f"load generator {max(existing):.2f} cores" if existing else ""


Round = Mapping[str, Speed]


def _best_baseline(found: Round) -> float:
    return max(found[name].per_second for name in _BASELINES)


def _to_best(name: str) -> Callable[[Round], float]:
    return lambda found: found[name].per_second / _best_baseline(found)


def _to(name: str, other: str) -> Callable[[Round], float]:
    return lambda found: found[name].per_second / found[other].per_second


_RATIOS: Mapping[int, Sequence[tuple[str, float, Callable[[Round], float]]]] = {
    1: [
        *((f"{name} / best pgbench", 2.0, _to_best(name)) for name in _OVER_HTTP),
        *((f"{name} / pgbench, 32 clients", 3.5, _to(name, "pgbench, 32 clients")) for name in _OVER_HTTP),
    ],
    2: [("batching without HTTP / best pgbench", 5.0, _to_best("batching without HTTP"))],
    3: [("one hot category / 50 categories", 0.9, _to("HTTP, 256 connections", "HTTP over 50 categories"))],
    6: [
        (f"sold out, {which} keys / accepted", 2.0, _to(f"sold out, {which} keys", "HTTP, 256 connections"))
        for which in ("with", "without")
    ],
    16: [
        (
            "with phases and a promo code / without",
            0.95,
            _to("HTTP with phases and a promo code", "HTTP, 256 connections"),
        )
    ],
}
