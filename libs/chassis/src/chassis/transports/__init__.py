"""Transport of events between services: one interface, two implementations with the same behaviour."""

from chassis.transports.duplicating import DuplicatingTransport
from chassis.transports.in_process import InProcessTransport
from chassis.transports.port import Deliver, Message, Transport, TransportDown, Unroutable
from chassis.transports.rabbitmq import RabbitTransport

__all__ = [
    "Deliver",
    "DuplicatingTransport",
    "InProcessTransport",
    "Message",
    "RabbitTransport",
    "Transport",
    "TransportDown",
    "Unroutable",
]
