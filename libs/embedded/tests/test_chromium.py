"""In which order a browser is looked for, and what is said when there is none."""

from collections.abc import Mapping
from pathlib import Path

import pytest
from embedded.chromium import find_chromium
from embedded.errors import NotInstalled


def _programs(folder: Path, *names: str) -> Mapping[str, str]:
    for name in names:
        (folder / name).touch(mode=0o755)
    return {"PATH": str(folder)}


def test_a_named_browser_comes_before_those_on_the_path(tmp_path: Path) -> None:
    own = tmp_path / "own"
    own.mkdir()
    _programs(own, "browser")

    found = find_chromium({**_programs(tmp_path, "chromium"), "CHROMIUM_PATH": str(own / "browser")})

    assert found == own / "browser"


def test_a_named_browser_that_is_not_there_is_an_error_and_not_passed_over(tmp_path: Path) -> None:
    environ = {**_programs(tmp_path, "chromium"), "CHROMIUM_PATH": "/nowhere/chrome"}

    with pytest.raises(NotInstalled, match="CHROMIUM_PATH names a browser that cannot be run: /nowhere/chrome"):
        find_chromium(environ)


def test_the_distributions_name_comes_first_on_the_path(tmp_path: Path) -> None:
    environ = _programs(tmp_path, "google-chrome", "chromium-browser", "chromium")

    assert find_chromium(environ) == tmp_path / "chromium"


def test_another_build_will_do(tmp_path: Path) -> None:
    assert find_chromium(_programs(tmp_path, "google-chrome")) == tmp_path / "google-chrome"


def test_without_a_browser_the_command_is_told(tmp_path: Path) -> None:
    with pytest.raises(NotInstalled, match="sudo apt-get install -y --no-install-recommends chromium"):
        find_chromium({"PATH": str(tmp_path)})
