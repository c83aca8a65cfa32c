"""The services of the platform, in the order in which they start."""

from typing import Any

import checkin.service
import identity.service
import notification.service
import payment.service
import registration.service
import web.service
from chassis.service import DatabaseOwner, Service

SERVICES: tuple[Service[Any], ...] = (
    identity.service.SERVICE,
    registration.service.SERVICE,
    payment.service.SERVICE,
    notification.service.SERVICE,
    checkin.service.SERVICE,
)

WEB = web.service.DATABASE

DATABASE_OWNERS: tuple[DatabaseOwner, ...] = (*SERVICES, WEB)
"""All packages with a database: the services, and the pages."""


def service_named(name: str) -> Service[Any]:
    """Return the service of that name.

    Raises:
        LookupError: there is none.
    """
    for service in SERVICES:
        if service.name == name:
            return service
    raise LookupError(name)
