"""Who a broker's login stands for. RabbitMQ lets a publisher write no other user into a message than its own."""

from urllib.parse import unquote, urlsplit

from contracts.ownership import OWNERS
from contracts.topology import SUBSCRIPTIONS

from chassis.senders import ANY_SERVICE, NO_SENDER

_SERVICES = frozenset({*OWNERS.values(), *SUBSCRIPTIONS})
_DEFAULT_USER = "guest"


class Login:
    """A process's own login. If it is named like a service, every service has one named like it; else all share it.

    Args:
        url: `amqp://user:password@…`.
        unsigned: take what does not say who sent it for everybody's.
    """

    def __init__(self, url: str, *, unsigned: bool = False) -> None:
        self.user = unquote(urlsplit(url).username or _DEFAULT_USER)
        self._shared = self.user not in _SERVICES
        self._unsigned = ANY_SERVICE if unsigned else NO_SENDER

    def sender(self, user: str | None) -> str:
        """The sender of a message that `user` published, as `chassis.senders` knows them."""
        if not user:
            return self._unsigned
        return ANY_SERVICE if self._shared and user == self.user else user
