"""A server with the databases and logins of all services, migrated."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest
from embedded.postgres import EmbeddedPostgres
from pydantic import SecretStr
from standalone.databases import Server
from standalone.provisioning.databases import LOGINS, provision_databases
from testkit.threads import run_apart

from .provisioned import Provisioned


@pytest.fixture(scope="module")
def provisioned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Provisioned]:
    """A server that `startline provision` has set up, for the tests of one file."""
    embedded = EmbeddedPostgres(Path(tmp_path_factory.getbasetemp()) / f"server-{secrets.token_hex(4)}")
    embedded.start()
    try:
        assert embedded._cluster is not None
        passwords = {login: SecretStr(secrets.token_hex(12)) for login in LOGINS}
        found = Provisioned(Server(embedded.url, "startline_"), passwords, embedded._cluster._log)
        run_apart(provision_databases(found.server, found.passwords, connections=30, whole_server=True))
        found.migrate()
        yield found
    finally:
        embedded.remove()
