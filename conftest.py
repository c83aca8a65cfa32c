"""Loads the test kit for every test of the workspace, and runs the quick tests first."""

import pytest

pytest_plugins = ["testkit.plugin"]

_SERVERS = frozenset({"postgres_server", "rabbitmq_url"})
_STARTS_SERVERS = "/libs/embedded/"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs a server; unit tests go first, the longest last."""
    for item in items:
        if _SERVERS.intersection(getattr(item, "fixturenames", ())) or _STARTS_SERVERS in item.path.as_posix():
            item.add_marker("integration")
    items.sort(key=lambda item: (bool(item.get_closest_marker("slow")), bool(item.get_closest_marker("integration"))))
