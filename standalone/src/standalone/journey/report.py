"""Printing the progress and the results of a journey."""

import time
from collections.abc import Callable, Mapping
from typing import Any


def progress_lines(started: float) -> Callable[[str], None]:
    """Return a function that prints a line with the seconds since `started`."""

    def report(line: str) -> None:
        print(f"[{time.perf_counter() - started:5.1f} s] {line}", flush=True)

    return report


def report(counts: Mapping[str, int], diagnosis: Mapping[str, Any], *, seconds: float) -> None:
    """Print the counts of the journey and the doctor's findings afterwards."""
    print("\nWhat happened")
    for name, count in counts.items():
        print(f"  {name:<34}{count:>6}")
    print("\nWhat the doctor found across all services")
    for name, count in diagnosis["counts"].items():
        print(f"  {name.replace('_', ' '):<34}{count:>6}")
    for finding in diagnosis["findings"]:
        print(f"  WRONG  {finding['code']}: {finding['detail']}")
    verdict = "All services agree, nothing is stuck." if diagnosis["ok"] else "Something is wrong, see above."
    print(f"  {verdict}\n\nThe journey took {seconds:.0f} s.")
