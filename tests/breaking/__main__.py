"""`python -m tests.breaking`: the compose stack, the journey through its gateway, then the breaking round."""

import asyncio
import shutil
import sys

from .compose import ROOT, ComposeStand
from .forgery import Forgery
from .release import release, restart_one, scale_down
from .round import Plan, Result, Round

_FOLDER = ROOT / ".startline" / "breaking"


async def _play() -> Result:
    shutil.rmtree(_FOLDER, ignore_errors=True)
    _FOLDER.mkdir(parents=True)
    _print_line("building and starting the containers …")
    async with ComposeStand(_FOLDER) as stand:
        _print_line(f"up at {stand.url}; playing the journey …")
        _print_line(await stand.play_journey())
        plan = Plan(
            places=120,
            clients=4,
            every=1.0,
            kill=stand.members,
            upstreams=[each for each in stand.members if each.half == "api"],
            away=2.0,
            pause_seconds=30.0,
            deeds=[
                release(stand, "registration"),
                scale_down(stand, "registration"),
                restart_one(stand, "registration"),
                Forgery(stand),
                release(stand),
            ],
        )
        return await Round(stand, plan, _FOLDER, _print_line).play()


def _print_line(line: str) -> None:
    print(line, flush=True)


def main() -> None:
    """Print what was found, keep it as JSON; 1 when something is wrong."""
    result = asyncio.run(_play())
    _print_line("\n".join(result.lines()))
    result.save(_FOLDER / "result.json")
    _print_line(f"all of it, and the clients' logs: {_FOLDER}")
    sys.exit(bool(result.problems))


if __name__ == "__main__":
    main()
