"""The five services, seen alike: what it takes to build each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import checkin.app
import checkin.settings
import checkin.tables
import checkin.worker
import httpx
import identity.app
import identity.settings
import identity.tables
import identity.worker
import notification.app
import notification.settings
import notification.tables
import notification.worker
import payment.app
import payment.settings
import payment.tables
import payment.worker
import registration.app
import registration.settings
import registration.tables
import registration.worker
from chassis.database import Database
from chassis.settings import ServiceSettings
from chassis.tables import ServiceTables
from chassis.transports import Transport
from chassis.worker import Worker
from fastapi import FastAPI


@dataclass(frozen=True)
class Service:
    """How to build one service."""

    name: str
    settings: Callable[..., ServiceSettings]
    tables: ServiceTables
    app: Callable[[Any, Database, httpx.AsyncClient], FastAPI]
    worker: Callable[[Any, Database, Transport], Worker]


SERVICES: tuple[Service, ...] = (
    Service(
        "identity",
        identity.settings.Settings,
        identity.tables.service_tables,
        identity.app.build_app,
        identity.worker.build_worker,
    ),
    Service(
        "registration",
        registration.settings.Settings,
        registration.tables.service_tables,
        registration.app.build_app,
        registration.worker.build_worker,
    ),
    Service(
        "payment",
        payment.settings.Settings,
        payment.tables.service_tables,
        payment.app.build_app,
        payment.worker.build_worker,
    ),
    Service(
        "notification",
        notification.settings.Settings,
        notification.tables.service_tables,
        notification.app.build_app,
        notification.worker.build_worker,
    ),
    Service(
        "checkin",
        checkin.settings.Settings,
        checkin.tables.service_tables,
        checkin.app.build_app,
        checkin.worker.build_worker,
    ),
)


def service_named(name: str) -> Service:
    """The service of that name.

    Raises:
        LookupError: there is none.
    """
    for service in SERVICES:
        if service.name == name:
            return service
    raise LookupError(name)
