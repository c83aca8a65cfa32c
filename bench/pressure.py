"""Lines 4 and 5: how long people wait while the crowd comes at its own pace, within what we can take and beyond."""

from collections import Counter
from collections.abc import Collection, Sequence

import uvloop

from bench.api import api_processes
from bench.client import Answers, closed_loop, open_loop
from bench.forms import registrations
from bench.rates import CREATED, rush
from bench.report import Figure, Report, Target
from bench.stage import Stage, Stages, Violation, check

_WAITING, _OVERLOADED = 4, 5
LINES = frozenset({_WAITING, _OVERLOADED})

_TOO_BUSY = 503
_STEADY_SHARE = 0.7
_OVERLOADS = (1.5, 3.0)
_RUSHES = 3
_CONNECTIONS = 1024
_LONE_ROUNDS = 5
_LONE_REQUESTS = 200
_NORMAL_MS = 100
_BACK_WITHIN = 10
_MILLI = 1000


def measure(report: Report, stages: Stages, lines: Collection[int], *, seconds: int) -> None:
    """The figures of these lines."""
    if LINES.intersection(lines):
        with stages.new() as stage, api_processes(stage) as ports:
            _under_pressure(report, ports, stage, lines, seconds)
    if _WAITING in lines:
        report.add(*_lone(stages))


def _under_pressure(report: Report, ports: Sequence[int], stage: Stage, lines: Collection[int], seconds: int) -> None:
    rushes = [rush(ports, stage, connections=256, seconds=seconds) for _ in range(_RUSHES)]
    first = min(LINES.intersection(lines))
    most = Figure(first, "the most, closed loop", [answers.rate(CREATED) for answers, _ in rushes], "/s")
    report.add(most)
    crowd = Crowd(ports, stage, most.median)
    if _WAITING in lines:
        report.add(*_steady(crowd, seconds=15 * seconds))
    if _OVERLOADED in lines:
        for share in _OVERLOADS:
            report.add(*_overload(crowd, share, seconds=4 * seconds))
    check(stage, accepted=sum(accepted for _, accepted in rushes) + crowd.accepted)


class Crowd:
    """People who come at a rate of their own. `accepted` counts who got in so far."""

    def __init__(self, ports: Sequence[int], stage: Stage, most: float) -> None:
        self._ports = ports
        self._stage = stage
        self.most = most
        self.accepted = 0

    def come(self, share: float, seconds: float) -> Answers:
        """For so many seconds, at that share of the most we can take.

        Raises:
            Violation: an answer was neither a yes nor "too busy".
        """
        rate = share * self.most
        forms = registrations(self._stage.categories, int(rate * seconds * 1.2) + 100)
        answers = uvloop.run(open_loop(self._ports, forms, rate=rate, seconds=seconds, connections=_CONNECTIONS))
        self.accepted += answers.statuses[CREATED]
        if set(answers.statuses) - {CREATED, _TOO_BUSY}:
            raise Violation(f"answers under load: {dict(answers.statuses)}")
        return answers


def _steady(crowd: Crowd, *, seconds: float) -> list[Figure]:
    answers = crowd.come(_STEADY_SHARE, seconds)
    note = f"load generator {answers.generator_cores:.2f} cores, {answers.statuses[_TOO_BUSY]} too busy"
    found = {share: _MILLI * answers.percentile(CREATED, share) for share in (0.5, 0.99, 0.999)}
    return [
        Figure(4, f"p50 at 70 % for {seconds:.0f} s", [found[0.5]], "ms", note=note),
        Figure(4, f"p99 at 70 % for {seconds:.0f} s", [found[0.99]], "ms", Target(ceiling=100)),
        Figure(4, f"p99.9 at 70 % for {seconds:.0f} s", [found[0.999]], "ms"),
    ]


def _overload(crowd: Crowd, share: float, *, seconds: float) -> list[Figure]:
    answers = crowd.come(share, seconds)
    back = _seconds_until_normal(crowd.come(_STEADY_SHARE, _BACK_WITHIN + 2))
    refused = answers.statuses[_TOO_BUSY]
    note = f"load generator {answers.generator_cores:.2f} cores, {refused} refused of {len(answers.found)}"
    what = f"at {share:.0%}"
    return [
        Figure(
            5,
            f"accepted {what} / the most",
            [answers.rate_until(CREATED, seconds) / crowd.most],
            "x",
            Target(0.85),
            note,
        ),
        Figure(5, f"p99 of accepted {what}", [_MILLI * answers.percentile(CREATED, 0.99)], "ms"),
        Figure(5, f"p99 of refusals {what}", [_MILLI * answers.percentile(_TOO_BUSY, 0.99)], "ms", Target(ceiling=250)),
        Figure(5, f"back to normal after {what}", [back], "s", Target(ceiling=_BACK_WITHIN)),
    ]


def _seconds_until_normal(answers: Answers) -> float:
    """The first second in which 99 of 100 who came were served as fast as usual; all of them if there was none."""
    came, slow = Counter[int](), Counter[int]()
    for answer in answers.found:
        second = int(answer.due)
        came[second] += 1
        slow[second] += answer.status != CREATED or answer.latency * _MILLI > _NORMAL_MS
    return min((second for second in came if slow[second] <= came[second] / 100), default=len(came))


def _lone(stages: Stages) -> list[Figure]:
    """Measure a single request, with and without batching, alternately."""
    found: dict[str, list[float]] = {"with": [], "without": []}
    with (
        stages.new() as stage,
        api_processes(stage, workers=1) as with_batching,
        api_processes(stage, workers=1, application="bench.without_batching:SERVICE.create_app") as without_batching,
    ):
        for _ in range(_LONE_ROUNDS):
            for name, ports in (("with", with_batching), ("without", without_batching)):
                found[name].append(_lone_p50(stage, ports))
        check(stage, accepted=2 * _LONE_ROUNDS * _LONE_REQUESTS)
    ratios = [mine / other for mine, other in zip(found["with"], found["without"], strict=True)]
    return [
        *(Figure(4, f"p50 of a lone request, {name} batching", values, "ms") for name, values in found.items()),
        Figure(4, "a lone request with / without batching", ratios, "x", Target(ceiling=1.0)),
    ]


def _lone_p50(stage: Stage, ports: Sequence[int]) -> float:
    forms = registrations(stage.categories, _LONE_REQUESTS)
    return _MILLI * uvloop.run(closed_loop(ports, forms, connections=1, seconds=60)).percentile(CREATED, 0.5)
