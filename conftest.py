"""Loads the test kit for every test of the workspace."""

pytest_plugins = ["testkit.plugin"]
