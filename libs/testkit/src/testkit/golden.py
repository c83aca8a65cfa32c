"""Golden events: one JSON file for each event and version, read by the tests of its producer and of its consumers."""

from pathlib import Path
from typing import Any

import contracts
from contracts import Event, Payload, parse

FOLDER = Path(contracts.__file__).parents[2] / "tests" / "golden"


def golden_path(kind: type[Payload]) -> Path:
    """Where the golden event of `kind` is written down."""
    return FOLDER / f"{kind.TYPE}.v{kind.VERSION}.json"


def golden(kind: type[Payload]) -> Event[Any]:
    """The golden event of `kind`, as a consumer reads it."""
    return parse(golden_path(kind).read_bytes())
