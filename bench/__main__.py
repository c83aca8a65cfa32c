"""`make bench`: accepted registrations over HTTP against one transaction per runner. Prints a table, writes JSON."""

import asyncio
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import uvloop
from embedded.postgres import EmbeddedPostgres

from bench.baseline import transactions_per_second
from bench.client import Answers, closed_loop
from bench.stage import Stage, api_processes, registrations, set_up, wrong

RESULTS = Path(__file__).parent / "results"
CREATED = 201
MOST_PER_SECOND = 6000


@contextmanager
def _server() -> Iterator[str]:
    given = os.environ.get("DATABASE_URL")
    if given:
        yield given
        return
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder) / "postgres") as embedded:
        yield embedded.url


def _rush(stage: Stage, *, connections: int, seconds: int) -> tuple[Answers, float]:
    """The answers, and the load generator's share of one core."""
    mark = f"c{connections}t{time.time_ns()}"
    requests = iter(registrations(stage, mark, MOST_PER_SECOND * seconds))
    with api_processes(stage) as port, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        before = resource.getrusage(resource.RUSAGE_SELF)
        answers = runner.run(closed_loop("127.0.0.1", port, requests, connections=connections, seconds=seconds))
        after = resource.getrusage(resource.RUSAGE_SELF)
    spent = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return answers, spent / answers.seconds


def _measure(server_url: str, *, seconds: int) -> dict[str, Any]:
    with set_up(server_url) as stage:
        baseline = transactions_per_second(stage, seconds=seconds)
        _check(stage)
    best, crowded = max(baseline.values()), baseline[32]
    rows = []
    for connections in (32, 256):
        with set_up(server_url) as stage:
            answers, share = _rush(stage, connections=connections, seconds=seconds)
            _check(stage)
        rate = answers.rate(CREATED)
        rows.append(
            {
                "connections": connections,
                "accepted_per_second": round(rate),
                "to_best_baseline": round(rate / best, 2),
                "to_baseline_of_32": round(rate / crowded, 2),
                "p50_ms": round(answers.percentile(CREATED, 0.5) * 1000, 1),
                "p99_ms": round(answers.percentile(CREATED, 0.99) * 1000, 1),
                "load_generator_cores": round(share, 2),
                "other_answers": sum(answers.statuses.values()) - answers.statuses[CREATED],
            }
        )
    return {"baseline_per_second": {str(c): round(rate) for c, rate in baseline.items()}, "http": rows}


def _check(stage: Stage) -> None:
    found = asyncio.run(wrong(stage))
    if found:
        sys.exit("A run with a violation has no speed: " + "; ".join(found))


def main() -> None:
    """Measure, print, write."""
    seconds = int(os.environ.get("BENCH_SECONDS", "10"))
    with _server() as server_url:
        results = _measure(server_url, seconds=seconds)
    print("pgbench, one runner per transaction, by clients:", results["baseline_per_second"])
    for row in results["http"]:
        print(
            "HTTP, {connections} connections: {accepted_per_second}/s = {to_best_baseline} x the best baseline,"
            " {to_baseline_of_32} x the baseline with 32 clients; p50 {p50_ms} ms, p99 {p99_ms} ms;"
            " load generator {load_generator_cores} cores, other answers {other_answers}".format(**row)
        )
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
    path.write_text(json.dumps(results, indent=2) + "\n")
    print(f"written to {path}")


if __name__ == "__main__":
    main()
