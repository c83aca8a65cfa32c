"""Tests that need a browser where there is none."""

import os
import subprocess
import sys
from pathlib import Path

import pytest


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    (tmp_path / "test_it.py").write_text("def test_one(chromium): ...\n\ndef test_two(chromium): ...\n")
    return tmp_path


def _run(project: Path, **settings: str) -> "subprocess.CompletedProcess[str]":
    kept = {name: value for name, value in os.environ.items() if name not in {"CI", "BROWSER_REQUIRED"}}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "testkit.plugin", "-q", str(project)],
        cwd=project,
        env={**kept, "CHROMIUM_PATH": "/nowhere/chrome", **settings},
        capture_output=True,
        text=True,
        check=False,
    )


def test_they_are_reported_as_not_run_once_with_the_reason(project: Path) -> None:
    done = _run(project)
    assert done.returncode == 0
    assert "2 skipped" in done.stdout
    assert done.stdout.count("NOT RUN: tests in a browser. CHROMIUM_PATH names a browser that cannot be run") == 1


def test_where_they_have_to_run_they_fail(project: Path) -> None:
    done = _run(project, BROWSER_REQUIRED="true")
    assert done.returncode == 1
    assert "2 errors" in done.stdout
