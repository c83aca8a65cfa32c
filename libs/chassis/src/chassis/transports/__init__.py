"""How events get from one service to the others: one small port, two implementations with one behaviour."""

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
