"""Mapping of broker logins to services. RabbitMQ rejects a message that names another user than its publisher's."""

import re
from urllib.parse import unquote, urlsplit

from contracts.ownership import OWNERS, owner_of
from contracts.topology import SUBSCRIPTIONS

from chassis.senders import ANY_SERVICE, UNSIGNED_BY

_SERVICES = frozenset({*OWNERS.values(), *SUBSCRIPTIONS})
_DEFAULT_USER = "guest"


class Login:
    """The login of this process. If it is named after a service, each service has its own; otherwise all share it.

    Args:
        url: `amqp://user:password@…`.
        unsigned: accept a message without a user as sent by the service whose routing key was used.
    """

    def __init__(self, url: str, *, unsigned: bool = False) -> None:
        self.user = unquote(urlsplit(url).username or _DEFAULT_USER)
        self._shared = self.user not in _SERVICES
        self._unsigned = "" if unsigned else UNSIGNED_BY

    def sender(self, user: str | None, key: str) -> str:
        """Return the sender of a message that `user` published, as defined in `chassis.senders`.

        Args:
            key: the routing key of the message; the broker lets only the owner of the event type use it.
        """
        if not user:
            return f"{self._unsigned}{owner_of(_event_type(key)) or 'nobody'}"
        return ANY_SERVICE if self._shared and user == self.user else user


def _event_type(key: str) -> str:
    """Return the event type in a routing key, for all subscribers or for one; see `contracts.topology.routing_key`."""
    return re.sub(r"^to\.[a-z]+\.", "", key)
