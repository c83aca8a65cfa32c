"""A `docker` and `docker-compose` for tests of deploy/roll: containers are in a file, and calls are noted."""

import json
import os
import sys
from pathlib import Path
from typing import Any

FOLDER = Path(sys.argv[1])
STATE: dict[str, Any] = json.loads((FOLDER / "state.json").read_text())


def note(call: str) -> None:
    """Write down a call that changes something, and fail if it has to."""
    calls = FOLDER / "calls"
    before = calls.read_text() if calls.exists() else ""
    if not (call == "healthy" and before.endswith("healthy\n")):
        calls.write_text(f"{before}{call}\n")
    if call in STATE["failing"] or call.partition(" ")[0] in STATE["failing"]:
        sys.exit(1)


def found(identifier: str) -> dict[str, Any]:
    """The container of the id."""
    container: dict[str, Any]
    [container] = [each for each in STATE["containers"] if each["id"] == identifier]
    return container


def silent() -> bool:
    """Whether this look at what runs, counted over all calls, is one that fails."""
    STATE["looks"] = STATE.get("looks", 0) + 1
    return STATE["looks"] in STATE.get("silent", ())


def compose(arguments: list[str]) -> None:
    """`up`, `run`, `ps`, `config` and `exec`, as deploy/roll calls them."""
    match arguments[2:] if arguments[:2] == ["--env-file", "somewhere"] else arguments:
        case ["version"]:
            sys.exit(os.environ["HAS_PLUGIN"] != "True")
        case ["ps", "-a", "-q", _] if silent():
            sys.exit("Error response from daemon: context deadline exceeded")
        case ["ps", "-a", "-q", process]:
            print(*(each["id"] for each in STATE["containers"] if each["process"] == process), sep="\n")
        case ["config", hashed]:
            print(hashed.removeprefix("--hash="), f"hash-{STATE['release']}")
        case ["run", "--rm", "--no-deps", "-T", one_shot]:
            note(f"run {one_shot}")
        case ["exec", "-T", "gateway", *command]:
            note(f"exec {' '.join(command)}" if "-c" not in command else "exec sh")
        case ["up", how, "--no-build", "--no-deps", "--no-recreate", "--scale", scale, process]:
            up(how, scale, process)
        case _:
            sys.exit(f"compose does not know {arguments}")


def up(how: str, scale: str, process: str) -> None:
    """Make new ones until there are so many; unless it is for later, start what does not run."""
    note(f"up {scale}" if how == "--no-start" else f"start {process}")
    own = [each for each in STATE["containers"] if each["process"] == process]
    for _ in range(int(scale.partition("=")[2]) - len(own) if not STATE.get("makes_nothing") else 0):
        number = 1 + max(int(each["id"][1:]) for each in STATE["containers"])
        new = {"id": f"c{number}", "process": process, "release": STATE["release"], "up": False}
        STATE["containers"].append(new)
    for each in own if how == "-d" and STATE.get("mute") != "ended" else ():
        each["up"] = True


def health(container: dict[str, Any]) -> str:
    """As the template of deploy/roll asks: restarts, status, health."""
    if container["id"] in STATE.get("sick_ids", ()):
        return "0 running unhealthy"
    process, sickness = STATE["sick"] or ("", "")
    if container["process"] != process or container["release"] != STATE["release"]:
        note("healthy")
        return f"{container.get('restarts', 0)} running healthy"
    return "3 restarting starting" if sickness == "restarting" else f"0 running {sickness}"


def networks_of(identifier: str) -> list[str]:
    """The networks that it is in: a worker is in none with the gateway."""
    is_worker = found(identifier)["process"].endswith("-worker")
    usual = ["some_back"] if is_worker else ["some_back", "some_edge"]
    networks: list[str] = STATE.setdefault("networks", {}).setdefault(identifier, usual)
    return networks


def inspect(template: str, identifier: str) -> None:
    """The few templates that deploy/roll uses."""
    container = found(identifier)
    release = container["release"]
    if ".Created" in template:
        print(f"2026-01-01T00:00:{int(identifier[1:]):02} {str(container['up']).lower()} {identifier} False")
    elif ".Networks" in template:
        print(*networks_of(identifier), sep="\n")
    elif ".Healthcheck" in template:
        print("CMD healthy 8000")
    elif template == "{{.RestartCount}} {{.State.Running}}":
        print(container.get("restarts", 0), str(container["up"]).lower())
    elif "RestartCount" in template:
        print(health(container))
    elif "config-hash" in template:
        print(f"hash-{release} image-{release}")
    else:
        print(f"name-{release}")


def docker(arguments: list[str]) -> None:
    """`compose`, `inspect`, `image inspect`, `logs`, and what changes something."""
    match arguments:
        case ["compose", *rest]:
            compose(rest)
        case ["inspect", "-f", template, identifier]:
            inspect(template, identifier)
        case ["image", "inspect", "-f", _, name]:
            print(name.replace("name", "image"))
        case ["logs", identifier]:
            print(f"why {found(identifier)['process']} is not well")
        case _:
            change(arguments)


def change(arguments: list[str]) -> None:
    """`update`, `exec`, `stop`, `rm` and `network connect`."""
    match arguments:
        case ["update", "--cpu-shares", shares, _]:
            note(f"shares {shares}")
        case ["exec", identifier, "healthy", "8000"]:
            note("answers")
            sys.exit("mute" in STATE)
        case ["stop", identifier]:
            note(f"stop {found(identifier)['process']} {found(identifier)['release']}")
            found(identifier)["up"] = False
        case ["rm", identifier]:
            note("rm")
            STATE["containers"].remove(found(identifier))
        case ["network", "connect", network, identifier]:
            note(f"connect {found(identifier)['process']} {network}")
            STATE["networks"][identifier].append(network)
        case ["network", "disconnect", network, identifier]:
            note(f"hold back {found(identifier)['process']}")
            networks_of(identifier).remove(network)
        case ["network", "connect", "--alias", name, network, identifier]:
            assert name == found(identifier)["process"]
            note(f"let in {name}")
            networks_of(identifier).append(network)
        case _:
            sys.exit(f"docker does not know {arguments}")


try:
    (compose if sys.argv[2] == "docker-compose" else docker)(sys.argv[3:])
finally:
    (FOLDER / "state.json").write_text(json.dumps(STATE))
