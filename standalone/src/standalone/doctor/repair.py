"""Letting services hear what they missed: the owner publishes it again, through its outbox."""

import secrets
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from types import MappingProxyType
from uuid import UUID

from chassis.database import Database, UnitOfWork
from chassis.telemetry import correlated
from payment.desk.republish import republish as republish_payments
from registration.entries.republish import republish as republish_registrations

from standalone.doctor.findings import Diagnosis

Republish = Callable[[UnitOfWork, Sequence[UUID]], Awaitable[None]]

_REPUBLISH: Mapping[str, Republish] = MappingProxyType(
    {"registration": republish_registrations, "payment": republish_payments}
)
_AT_ONCE = 100


async def repair(diagnosis: Diagnosis, databases: Mapping[str, Database]) -> Mapping[str, int]:
    """Publish again what may mend the findings; returns by service of how many registrations.

    Any number of times, also while the platform runs: the events are those of the rows as they are when each is read,
    and listeners take each in once.
    """
    wanted = diagnosis.to_publish()
    for service, registration_ids in wanted.items():
        for batch in _batches(sorted(registration_ids)):
            with correlated(f"doctor-repair-{secrets.token_hex(4)}"):
                await _republish(databases[service], _REPUBLISH[service], batch)
    return {service: len(registration_ids) for service, registration_ids in wanted.items()}


async def _republish(database: Database, republish: Republish, registration_ids: Sequence[UUID]) -> None:
    async with database.work() as work:
        await republish(work, registration_ids)
        for registration_id in registration_ids:
            await work.audit("operator", "registration.republish", f"registration:{registration_id}")


def _batches(registration_ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(registration_ids), _AT_ONCE):
        yield registration_ids[start : start + _AT_ONCE]
