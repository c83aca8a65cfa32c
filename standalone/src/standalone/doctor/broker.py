"""Checking that the broker has all exchanges and queues, if one is configured."""

from dataclasses import dataclass

from chassis.transports import declarations
from chassis.transports.rabbitmq import CONNECTION_TROUBLE
from contracts.topology import Names

from standalone.doctor.findings import Diagnosis
from standalone.settings import StandaloneSettings


@dataclass(frozen=True)
class Broker:
    """The address of the platform's exchanges and queues."""

    url: str
    names: Names


def configured_broker(settings: StandaloneSettings) -> Broker | None:
    """Return the broker of the settings; None without one."""
    return None if settings.broker_url is None else Broker(settings.broker_url, Names(settings.broker_prefix))


async def examine_broker(diagnosis: Diagnosis, broker: Broker) -> None:
    """Report missing exchanges and queues. Missing bindings cannot be detected; they make a publisher's outbox grow."""
    try:
        missing = await declarations.missing_at(broker.url, broker.names)
    except CONNECTION_TROUBLE as error:
        diagnosis.found("broker_unreachable", type(error).__name__)
        return
    for name in missing:
        diagnosis.found("broker_lacks", "an exchange or queue does not exist", name=name)


async def declare_again(broker: Broker) -> bool:
    """Declare exchanges, queues and bindings. Return False if the broker refused or is unavailable."""
    try:
        await declarations.declare_at(broker.url, broker.names)
    except CONNECTION_TROUBLE:
        return False
    return True
