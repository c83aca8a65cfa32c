"""Generate the AsyncAPI document of all events from the code: `python -m chassis.asyncapi`."""

import inspect
import json
from typing import Any

from contracts import Event
from contracts.envelope import registered
from contracts.topology import SUBSCRIPTIONS, Names
from faststream.rabbit import ExchangeType, RabbitBroker, RabbitExchange
from faststream.specification import AsyncAPI

_DESCRIPTION = (
    "Topic exchange. Each subscriber gets its own copy with the routing key `to.<subscriber>.<type>`;"
    " an event without subscribers is published once, with its type as the routing key."
    " A message carries its `message_id` as `event_id`, too."
)


def document() -> dict[str, Any]:
    """Return the AsyncAPI document: every event type with its schema and its subscribers."""
    broker = RabbitBroker("amqp://rabbitmq/")
    exchange = RabbitExchange(Names().exchange, type=ExchangeType.TOPIC, durable=True)
    for payload in registered():
        names = ", ".join(service for service, subscribed in SUBSCRIPTIONS.items() if payload in subscribed)
        broker.publisher(
            exchange=exchange,
            routing_key=payload.TYPE,
            title=f"{payload.TYPE}.v{payload.VERSION}",
            description=f"{inspect.cleandoc(payload.__doc__ or '')}\n\nSubscribers: {names or 'none yet'}.",
            schema=Event[payload],  # type: ignore[valid-type]  # the type parameter is only known at run time
        )
    specification = AsyncAPI(broker, title="Startline events", version="1", description=_DESCRIPTION)
    found: dict[str, Any] = specification.to_specification().to_jsonable()
    return found


if __name__ == "__main__":
    print(json.dumps(document(), indent=2, sort_keys=True))
