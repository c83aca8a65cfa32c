"""Exchanges and queues as the contracts name them, and a user for each service that reaches only its own."""

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

_LIMITS = {"max-connections": 64, "max-channels": 1024}
"""Of one service's user: some twenty processes with two connections and a dozen channels each, and no flood."""


async def provision_broker(url: str, api_url: str, passwords: Mapping[str, SecretStr]) -> None:
    """Make what is missing; a changed password holds from now on.

    Args:
        url: the administrator's `amqp://…`, with the virtual host.
        api_url: of the management API.

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


def permissions(service: str, names: Names) -> dict[str, str]:
    """What a service's user may do: publish to the shared exchange, read its own queues if any, declare nothing."""
    queues = "|".join(re.escape(queue) for queue in (names.queue(service), names.dead_queue(service)))
    read = f"^({queues})$" if service in SUBSCRIPTIONS else _NOTHING
    return {"configure": _NOTHING, "write": f"^{re.escape(names.exchange)}$", "read": read}


def topic_permissions(service: str, names: Names) -> dict[str, str]:
    """Which events a service's user may publish: those the service owns. It binds no queue, so it reads none here."""
    return {"exchange": names.exchange, "write": publishable(service), "read": _NOTHING}


async def _declare(url: str) -> None:
    """The same declarations that a service makes at its start where it is allowed to."""
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
