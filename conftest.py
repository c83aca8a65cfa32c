"""Loads the test kit for every test of the workspace, and runs the quick tests first."""

import pytest
from hypothesis import settings

settings.register_profile("startline", deadline=None)  # how long an example takes says more of the machine
settings.load_profile("startline")

pytest_plugins = ["testkit.plugin"]

_SERVERS = frozenset({"postgres_server", "rabbitmq_url"})
_STARTS_SERVERS = "/libs/embedded/"
_BROWSER = "chromium"
_BROWSER_TESTS = "/tests/browser/"
_PAGES = "/services/web/tests/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a server or a browser; unit tests go first, the longest last."""
    for item in items:
        fixtures = getattr(item, "fixturenames", ())
        if _BROWSER in fixtures:
            item.add_marker("browser")
        if _SERVERS.intersection(fixtures) or _STARTS_SERVERS in item.path.as_posix():
            item.add_marker("integration")
        _check_place(item)
    items.sort(key=_weight)


def _check_place(item: pytest.Item) -> None:
    """Refuse a test that `scripts/all_tests`, which collects no more than it has to, would not find."""
    if item.get_closest_marker("soak"):
        return
    is_out_of_place = (item.get_closest_marker("browser") and _BROWSER_TESTS not in item.path.as_posix()) or (
        item.get_closest_marker("slow") and _PAGES in item.path.as_posix()
    )
    if is_out_of_place:
        raise pytest.UsageError(
            f"{item.nodeid}: tests in a browser stand in {_BROWSER_TESTS}, slow ones not in {_PAGES}"
        )


def _weight(item: pytest.Item) -> tuple[bool, ...]:
    return tuple(item.get_closest_marker(name) is not None for name in ("browser", "slow", "integration"))
