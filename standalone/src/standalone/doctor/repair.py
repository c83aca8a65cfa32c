"""Repairing inconsistencies: services republish, through their outbox, what others missed."""

import secrets
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from uuid import UUID

from chassis.database import Database, UnitOfWork, is_out_of_reach
from chassis.inbox import reason_of
from chassis.telemetry import correlated
from payment.review.republish import republish as republish_payments
from registration.republish import republish as republish_registrations

from standalone.doctor.findings import Diagnosis

Republish = Callable[[UnitOfWork, Sequence[UUID]], Awaitable[None]]

_REPUBLISH: Mapping[str, Republish] = MappingProxyType(
    {"registration": republish_registrations, "payment": republish_payments}
)
_AT_ONCE = 100


@dataclass
class Repaired:
    """The number of registrations that each service republished, and the failures.

    Attributes:
        failed: service, registration and reason.
    """

    published: Counter[str] = field(default_factory=Counter)
    failed: list[tuple[str, UUID, str]] = field(default_factory=list)

    def note(self, diagnosis: Diagnosis) -> None:
        """Add the repair to a later diagnosis."""
        diagnosis.counts.update({f"published_again_by_{service}": count for service, count in self.published.items()})
        for service, registration_id, reason in self.failed:
            detail = f"{service} could not publish it again: {reason}"
            diagnosis.found("not_published_again", detail, service=service, registration_id=registration_id)


async def repair(diagnosis: Diagnosis, databases: Mapping[str, Database]) -> Repaired:
    """Republish the registrations that may fix the findings. A failure for one registration does not stop the others.

    May be repeated any number of times, also while the platform runs: the events describe the rows at the time when
    each is read, and subscribers handle each event once.

    Raises:
        Exception: a database is unavailable.
    """
    repaired = Repaired()
    for service, registration_ids in diagnosis.to_publish().items():
        for batch in _batches(sorted(registration_ids)):
            await _repair(repaired, service, databases[service], batch)
    return repaired


async def _repair(repaired: Repaired, service: str, database: Database, batch: Sequence[UUID]) -> None:
    """Republish all at once; if that fails, one by one."""
    try:
        with correlated(f"doctor-repair-{secrets.token_hex(4)}"):
            await _republish(database, _REPUBLISH[service], batch)
    except Exception as error:
        if is_out_of_reach(error):
            raise
        if len(batch) == 1:
            repaired.failed.append((service, batch[0], reason_of(error)))
            return
        for registration_id in batch:
            await _repair(repaired, service, database, [registration_id])
    else:
        repaired.published[service] += len(batch)


async def _republish(database: Database, republish: Republish, registration_ids: Sequence[UUID]) -> None:
    async with database.work() as work:
        await republish(work, registration_ids)
        for registration_id in registration_ids:
            await work.audit("operator", "registration.republish", f"registration:{registration_id}")


def _batches(registration_ids: Sequence[UUID]) -> Iterator[Sequence[UUID]]:
    for start in range(0, len(registration_ids), _AT_ONCE):
        yield registration_ids[start : start + _AT_ONCE]
