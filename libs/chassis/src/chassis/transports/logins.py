"""Who a broker's login stands for. RabbitMQ lets a publisher write no other user into a message than its own."""

import re
from urllib.parse import unquote, urlsplit

from contracts.ownership import OWNERS, owner_of
from contracts.topology import SUBSCRIPTIONS

from chassis.senders import ANY_SERVICE, UNSIGNED_BY

_SERVICES = frozenset({*OWNERS.values(), *SUBSCRIPTIONS})
_DEFAULT_USER = "guest"


class Login:
    """A process's own login. If it is named like a service, every service has one named like it; else all share it.

    Args:
        url: `amqp://user:password@…`.
        unsigned: take what does not say who sent it for the service's whose routing key it came under.
    """

    def __init__(self, url: str, *, unsigned: bool = False) -> None:
        self.user = unquote(urlsplit(url).username or _DEFAULT_USER)
        self._shared = self.user not in _SERVICES
        self._unsigned = "" if unsigned else UNSIGNED_BY

    def sender(self, user: str | None, key: str) -> str:
        """The sender of a message that `user` published, as `chassis.senders` knows them.

        Args:
            key: the routing key it was published under, which the broker lets only the owner of such types use.
        """
        if not user:
            return f"{self._unsigned}{owner_of(_event_type(key)) or 'nobody'}"
        return ANY_SERVICE if self._shared and user == self.user else user


def _event_type(key: str) -> str:
    """The type in a routing key, for all listeners or for one; see `contracts.topology.routing_key`."""
    return re.sub(r"^to\.[a-z]+\.", "", key)
