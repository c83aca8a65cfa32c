"""Exchanges and queues of the contracts, and a broker user per service with access to its own only."""

import re
from collections.abc import Mapping
from urllib.parse import quote, unquote, urlsplit

import httpx
from chassis.transports import RabbitTransport
from contracts.ownership import publishable
from contracts.topology import SUBSCRIPTIONS, Names
from pydantic import SecretStr

from standalone.services import SERVICES

_NOTHING = "^$"

KEDA = "keda"
"""The login by which an autoscaler reads the length of queues. It can neither publish nor receive."""

_LIMITS = {"max-connections": 64, "max-channels": 1024}
"""Limits of a service's user: enough for twenty processes with two connections and a dozen channels each."""


async def provision_broker(url: str, api_url: str, passwords: Mapping[str, SecretStr]) -> None:
    """Create what is missing; changed passwords are applied.

    Args:
        url: the administrator's `amqp://…`, with the virtual host.
        api_url: of the management API.
        passwords: of each service, and of `KEDA` if there is to be such a login.

    Raises:
        ConnectionError: the broker could not be reached, or refused.
    """
    await _declare(url)
    parts = urlsplit(url)
    login = (unquote(parts.username or ""), unquote(parts.password or ""))
    host = quote(unquote(parts.path[1:]) or "/", safe="")
    async with httpx.AsyncClient(base_url=api_url, auth=login) as api:
        for service in SERVICES:
            user = {"password": passwords[service.name].get_secret_value(), "tags": ""}
            await _put(api, f"/api/users/{service.name}", user)
            await _put(api, f"/api/topic-permissions/{host}/{service.name}", topic_permissions(service.name, Names()))
            await _put(api, f"/api/permissions/{host}/{service.name}", permissions(service.name, Names()))
            for limit, value in _LIMITS.items():
                await _put(api, f"/api/user-limits/{service.name}/{limit}", {"value": value})
        if keda := passwords.get(KEDA):
            await _put(api, f"/api/users/{KEDA}", {"password": keda.get_secret_value(), "tags": "monitoring"})
            await _put(api, f"/api/permissions/{host}/{KEDA}", dict.fromkeys(("configure", "write", "read"), _NOTHING))


def permissions(service: str, names: Names) -> dict[str, str]:
    """Return the permissions of a service's user: write to the exchange, read its own queues, declare nothing."""
    queues = "|".join(re.escape(queue) for queue in (names.queue(service), names.dead_queue(service)))
    read = f"^({queues})$" if service in SUBSCRIPTIONS else _NOTHING
    return {"configure": _NOTHING, "write": f"^{re.escape(names.exchange)}$", "read": read}


def topic_permissions(service: str, names: Names) -> dict[str, str]:
    """Return the topic permissions of a service's user: publish the events that it owns, and bind no queue."""
    return {"exchange": names.exchange, "write": publishable(service), "read": _NOTHING}


async def _declare(url: str) -> None:
    """Declare everything that a service declares at its start where it is allowed to."""
    transport = RabbitTransport(url)
    await transport.start()
    declared = await transport.ready()
    await transport.stop()
    if not declared:
        raise ConnectionError("the broker cannot be reached, or has other queues under these names")


async def _put(api: httpx.AsyncClient, path: str, body: Mapping[str, str | int]) -> None:
    try:
        (await api.put(path, json=body)).raise_for_status()
    except httpx.HTTPError as error:
        raise ConnectionError(f"the broker's management API did not take {path}: {error}") from None
