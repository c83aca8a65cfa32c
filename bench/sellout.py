"""Line 9: a category sells out while every process is killed and both servers restart; then everything is counted."""

import tempfile
from collections.abc import Collection
from pathlib import Path

import uvloop

from bench.report import Figure, Report
from bench.stage import Violation
from tests.breaking.processes import ProcessStand
from tests.breaking.round import Plan, Result, Round

LINES = frozenset({9})

_PLACES_PER_SECOND = 250
_CLIENTS = 4


def measure(report: Report, _: object, lines: Collection[int], *, seconds: int) -> None:
    """The figures of this line, on servers of the stand's own.

    Raises:
        Violation: a place was sold twice or withheld, or something was lost, invented or doubled.
    """
    if not LINES.intersection(lines):
        return
    result = uvloop.run(_sell_out(_PLACES_PER_SECOND * seconds))
    print(*result.lines(), sep="\n", flush=True)
    if result.problems:
        raise Violation("; ".join(result.problems))
    told = result.counts["sell-out"]
    note = f"{told['places']} places, {told['left']} left, {told['refused']} refused, doctor clean"
    report.add(Figure(9, "faults while a category sold out", [len(result.faults)], "", note=note))


async def _sell_out(places: int) -> Result:
    with tempfile.TemporaryDirectory() as folder:
        async with ProcessStand(replicas=2) as stand:
            plan = Plan(
                places=places,
                clients=_CLIENTS,
                every=0.5,
                kill=stand.members,
                upstreams=[each for each in stand.members if each.half == "api" and each.number > 1],
                away=0.5,
                pause_seconds=10.0,
            )
            return await Round(stand, plan, Path(folder), report=print).play()
