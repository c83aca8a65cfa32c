"""Installing RabbitMQ without leaving a service behind."""

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import pytest
from embedded.errors import NotInstalled
from embedded.installing import install_hint, install_if_root

WAITING = "-o DPkg::Lock::Timeout=300"


class _Apt:
    """Notes what it is told and whether services were allowed to start at that moment."""

    def __init__(self, policy: Path, *codes: int) -> None:
        self._policy = policy
        self._codes = list(codes)
        self.told: list[str] = []
        self.policies: list[str | None] = []

    def __call__(self, command: Sequence[str]) -> int:
        self.told.append(" ".join(command))
        self.policies.append(self._policy.read_text() if self._policy.exists() else None)
        return self._codes.pop(0)


@pytest.fixture
def policy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """On a machine where we are root and there is apt-get."""
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(shutil, "which", lambda name: f"/usr/bin/{name}")
    return tmp_path / "policy-rc.d"


def test_it_says_what_it_does_and_keeps_the_service_off(policy: Path, capsys: pytest.CaptureFixture[str]) -> None:
    apt = _Apt(policy, 0)

    install_if_root(run=apt, policy=policy)

    assert apt.told == [f"apt-get install -y --no-install-recommends {WAITING} rabbitmq-server"]
    assert apt.policies == ["#!/bin/sh\nexit 101\n"]
    assert not policy.exists(), "later installations are not affected"
    assert apt.told[0] in capsys.readouterr().err


def test_a_policy_of_the_machine_is_left_alone(policy: Path) -> None:
    policy.write_text("exit 0")
    apt = _Apt(policy, 0)

    install_if_root(run=apt, policy=policy)

    assert apt.policies == ["exit 0"]
    assert policy.read_text() == "exit 0"


def test_old_package_lists_are_refreshed_once(policy: Path) -> None:
    apt = _Apt(policy, 100, 0, 0)

    install_if_root(run=apt, policy=policy)

    assert [told.split()[1] for told in apt.told] == ["install", "update", "install"]


def test_when_it_fails_the_command_is_told_and_the_policy_removed(policy: Path) -> None:
    apt = _Apt(policy, 100, 0, 100)

    with pytest.raises(NotInstalled, match=install_hint()):
        install_if_root(run=apt, policy=policy)

    assert not policy.exists()


def test_a_plain_user_is_told_the_command_and_nothing_runs(policy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    apt = _Apt(policy)

    with pytest.raises(NotInstalled, match="sudo apt-get install -y --no-install-recommends rabbitmq-server"):
        install_if_root(run=apt, policy=policy)

    assert apt.told == []
