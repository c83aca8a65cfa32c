"""The definition of a service, read by everything that runs, migrates, provisions or tests it.

A service's package has it as `service.SERVICE`. Its processes are started with

    uvicorn --factory registration.service:SERVICE.create_app
    python -m chassis.worker registration
    python -m chassis.migrations registration
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Generic, TypeVar

import httpx
from contracts import Payload
from contracts.topology import SUBSCRIPTIONS
from fastapi import FastAPI

from chassis import process
from chassis.clock import Clock, utcnow
from chassis.database import Database
from chassis.inbox import Handlers
from chassis.settings import ServiceSettings, load
from chassis.tables import ServiceTables
from chassis.telemetry import configure_logging
from chassis.transports import Transport
from chassis.web.api import api_path
from chassis.worker import Periodic, Worker

SettingsT = TypeVar("SettingsT", bound=ServiceSettings)


@dataclass(frozen=True, kw_only=True)
class DatabaseOwner:
    """A package with a database of its own, which is named after it.

    Attributes:
        name: of the package.
        tables: with the metadata of all its tables.
        doctor_reads: tables, in addition to those of every service, that `startline doctor` compares with other
            services.
    """

    name: str
    tables: ServiceTables
    doctor_reads: Sequence[str] = ()

    def open_database(self, url: str, *, clock: Clock = utcnow, pool_size: int = 8, pool_overflow: int = 8) -> Database:
        """Return the database at `url`; the caller closes it."""
        return Database(
            url, service=self.name, tables=self.tables, clock=clock, pool_size=pool_size, pool_overflow=pool_overflow
        )


@dataclass(frozen=True, kw_only=True)
class Service(DatabaseOwner, Generic[SettingsT]):
    """The parts of a service. Its path and queue are named after it, too.

    Attributes:
        build_app: builds its API. The client is for requests to other services; the caller closes it and the database.
        handlers: of exactly the events that it subscribes to.
        periodic: returns the jobs of its worker.
    """

    settings: type[SettingsT]
    build_app: Callable[[SettingsT, Database, httpx.AsyncClient], FastAPI]
    periodic: Callable[[SettingsT, Database], Sequence[Periodic]]
    handlers: Handlers = field(default_factory=Handlers)

    @property
    def subscriptions(self) -> Sequence[type[Payload]]:
        """Return the events that the service subscribes to. They are defined in contracts, which bind every queue."""
        return SUBSCRIPTIONS.get(self.name, ())

    @property
    def path(self) -> str:
        """Return the path of the service behind the gateway."""
        return api_path(self.name)

    def build_worker(self, settings: SettingsT, database: Database, transport: Transport) -> Worker:
        """Return the worker; the caller starts and stops it, the transport and the database.

        Raises:
            HandlersDiffer: the handlers are not exactly the subscriptions.
        """
        return Worker(
            database,
            transport,
            self.handlers,
            periodic=self.periodic(settings, database),
            relay_workers=settings.relay_workers,
            relay_lease_seconds=settings.relay_lease_seconds,
            sent_events_days=settings.sent_events_days,
        )

    def create_app(self) -> FastAPI:
        """Return the API with settings from the environment. It opens its resources and closes them when it stops.

        Raises:
            MissingSettings: names all settings that are missing or wrong.
        """
        settings = load(self.settings)
        configure_logging(settings.log_level)
        database, http = self._database(settings), httpx.AsyncClient()
        app = self.build_app(settings, database, http)
        app.openapi()  # takes a third of a second, for which the first request for it would block all others
        return process.closing_on_stop(app, database, http)

    def run_worker(self) -> None:
        """Run the worker with settings from the environment until a signal stops it.

        Raises:
            MissingSettings: names all settings that are missing or wrong.
        """
        settings = load(self.settings)
        database = self._database(settings)
        process.run_worker(
            settings, lambda transport: self.build_worker(settings, database, transport), port=settings.worker_port
        )

    def _database(self, settings: SettingsT) -> Database:
        return self.open_database(
            settings.database_url, pool_size=settings.pool_size, pool_overflow=settings.pool_overflow
        )


def service_of(package: str) -> Service[Any]:
    """Return the definition of the service in `package`."""
    found: Service[Any] = import_module(f"{package}.service").SERVICE
    return found
