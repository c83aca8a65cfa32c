"""Ports of the loopback interface."""

import os
import random
import socket
from collections.abc import Iterator
from contextlib import suppress
from itertools import cycle
from pathlib import Path

_LOOPBACK = "127.0.0.1"
_CLIENTS = Path("/proc/sys/net/ipv4/ip_local_port_range")
_FIRST, _DEFAULT_CLIENTS = 15_000, 32_768


def free_ports(count: int) -> list[int]:
    """Return different ports that are free at this moment.

    They are outside the range that the system gives to outgoing connections, one of which could take a port before its
    server starts. A process gets each port once, until it has had all of them.
    """
    found: list[int] = []
    for port in _candidates():
        if port not in found and is_free(port):
            found.append(port)
        if len(found) == count:
            break
    return found


def free_port() -> int:
    """Return a free port."""
    return free_ports(1)[0]


def _candidates() -> Iterator[int]:
    """Return this process's endless line of ports; each process begins somewhere else."""
    if os.getpid() not in _lines:
        _lines.clear()  # of the process that this one was forked from
        start, end = _FIRST, max(_first_of_clients(), _FIRST + 1000)
        ports = list(range(start, end))
        first = random.SystemRandom().randrange(len(ports))
        _lines[os.getpid()] = cycle(ports[first:] + ports[:first])
    return _lines[os.getpid()]


_lines: dict[int, Iterator[int]] = {}


def _first_of_clients() -> int:
    """Return the first port that the system may give to an outgoing connection."""
    with suppress(OSError, ValueError):
        return int(_CLIENTS.read_text().split()[0])
    return _DEFAULT_CLIENTS


def why_not_free(host: str, port: int) -> str | None:
    """Return why no server can listen on `host` and `port` now; None if one can."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        return error.strerror or str(error)
    return None


def is_free(port: int) -> bool:
    """Return whether a server could listen on `port` now. Nothing is looked up, as a user may not be able to."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_LOOPBACK, port))
        except OSError:
            return False
    return True
