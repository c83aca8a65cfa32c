"""What was measured: figures beside their targets, as a table and as JSON."""

import json
import os
import platform
import statistics
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


@dataclass(frozen=True)
class Target:
    """What a figure is to be: at least `floor`, or at most `ceiling`."""

    floor: float | None = None
    ceiling: float | None = None

    def met(self, value: float) -> bool:
        """Whether it is."""
        return (self.floor is None or value >= self.floor) and (self.ceiling is None or value <= self.ceiling)

    def __str__(self) -> str:
        return f">= {self.floor:g}" if self.floor is not None else f"<= {self.ceiling:g}"


@dataclass(frozen=True)
class Figure:
    """A figure of one line of the table, one value for each round it was measured in."""

    line: int
    what: str
    values: Sequence[float]
    unit: str = "x"
    target: Target | None = None
    note: str = ""

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    @property
    def met(self) -> bool | None:
        """Whether the median is as it should be; None without a target."""
        return None if self.target is None else self.target.met(self.median)

    def row(self) -> tuple[str, ...]:
        """For the table."""
        spread = f"{_short(min(self.values))} .. {_short(max(self.values))}" if len(self.values) > 1 else ""
        mark = {True: "yes", False: "MISSED", None: ""}[self.met]
        target = str(self.target or "")
        return str(self.line), self.what, f"{_short(self.median)} {self.unit}", spread, target, mark, self.note


@dataclass
class Report:
    """Everything of one run."""

    environment: dict[str, Any]
    figures: list[Figure] = field(default_factory=list)

    def add(self, *figures: Figure) -> None:
        """Keep figures, and show at once how they turned out."""
        self.figures.extend(figures)
        for figure in figures:
            print("  " + "  ".join(cell for cell in figure.row() if cell), flush=True)

    def table(self) -> str:
        """For people."""
        header = ("line", "what", "median", "min .. max", "target", "met", "note")
        rows = [header, *(figure.row() for figure in self.figures)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(header))]
        return "\n".join(
            "  ".join(cell.ljust(width) for cell, width in zip(r, widths, strict=True)).rstrip() for r in rows
        )

    def write(self) -> Path:
        """For programs; the path."""
        RESULTS.mkdir(exist_ok=True)
        path = RESULTS / f"{time.strftime('%Y%m%d-%H%M%S')}.json"
        figures = [{**asdict(figure), "median": figure.median, "met": figure.met} for figure in self.figures]
        path.write_text(json.dumps({"environment": self.environment, "figures": figures}, indent=2) + "\n")
        return path


def machine() -> dict[str, Any]:
    """What it was measured on, apart from the servers."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "at": time.strftime("%Y-%m-%d %H:%M:%S %z"),
        "processor": _processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(memory / 2**30, 1),
        "system": platform.platform(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _short(value: float) -> str:
    if abs(value) >= 100:  # noqa: PLR2004
        return f"{value:.0f}"
    return f"{value:.2f}" if abs(value) < 10 else f"{value:.1f}"  # noqa: PLR2004
