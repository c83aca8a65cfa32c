"""Everything is broken in turn while runners register and pay: nobody is lost, invented, doubled or oversold.

One category has places for all who come; another is wanted by a crowd of three times its places, in groups of 1, 5 and
10, while the registration desks are killed: it sells out exactly.
"""

import json
from pathlib import Path

import pytest

from .processes import ProcessStand
from .round import Plan, Round

pytestmark = [pytest.mark.slow, pytest.mark.soak, pytest.mark.timeout(450)]


def _small(stand: ProcessStand) -> Plan:
    """One replica of each is killed, the other APIs are taken from the gateway."""
    return Plan(
        places=150,  # so many that some are under way whenever a desk is killed
        clients=3,
        every=0.3,
        kill=[each for each in stand.members if each.number == 1],
        upstreams=[each for each in stand.members if each.half == "api" and each.number > 1],
        away=0.5,
        pause_seconds=10.0,
    )


async def test_a_platform_of_two_replicas_each_survives_everything_in_turn(tmp_path: Path) -> None:
    async with ProcessStand(replicas=2) as stand:
        result = await Round(stand, _small(stand), tmp_path, report=print).play()
    print(*result.lines(), sep="\n")
    result.save(tmp_path / "result.json")
    assert result.problems == [], json.dumps(result.problems, indent=2)
    ledgers = [result.counts[f"{each} when the faults ended"] for each in ("registrations", "proofs", "verifications")]
    assert sum(ledger.get("?", 0) for ledger in ledgers) > 0, "no request felt a fault"
