"""Ports for servers: none that an outgoing connection could take before its server starts."""

import multiprocessing
import socket
from pathlib import Path

import pytest
from embedded import ports


def test_ports_are_free_different_and_never_given_twice() -> None:
    first, second = ports.free_ports(5), ports.free_ports(5)

    assert len({*first, *second}) == 10
    assert all(ports.is_free(port) for port in (*first, *second))


def test_no_port_is_one_that_the_system_gives_to_clients() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        of_clients = client.getsockname()[1]

    assert all(1023 < port < 32_768 <= of_clients for port in ports.free_ports(20))


def test_a_port_that_is_taken_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    line = iter([20_001, 20_002, 20_003])
    monkeypatch.setattr(ports, "_candidates", lambda: line)
    monkeypatch.setattr(ports, "is_free", lambda port: port != 20_002)

    assert ports.free_ports(2) == [20_001, 20_003]


def test_a_system_that_does_not_say_has_the_usual_range(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(ports, "_CLIENTS", tmp_path / "missing")

    assert ports._first_of_clients() == 32_768


def test_a_forked_process_has_a_line_of_its_own() -> None:
    ports.free_port()
    fork = multiprocessing.get_context("fork")
    with fork.Pool(1) as pool:
        theirs = pool.apply(ports.free_port)

    assert theirs != ports.free_port()
