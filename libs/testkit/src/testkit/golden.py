"""Golden events: one JSON file for each event and version, read by the tests of its producer and of its consumers."""

from pathlib import Path
from typing import Any

import contracts
from contracts import Event, Payload, parse

FOLDER = Path(contracts.__file__).parents[2] / "tests" / "golden"


def golden_path(kind: type[Payload]) -> Path:
    """Return the path of the golden event of `kind`."""
    return FOLDER / f"{kind.TYPE}.v{kind.VERSION}.json"


def golden(kind: type[Payload]) -> Event[Any]:
    """Return the golden event of `kind`, parsed as by a consumer."""
    return parse(golden_path(kind).read_bytes())
