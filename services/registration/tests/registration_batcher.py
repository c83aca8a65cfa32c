"""A batcher with a scripted engine in place of the database."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from decimal import Decimal
from typing import Any
from uuid import uuid4

from contracts import AccessCode, RegistrationType
from registration.admission.admit_batch import Batch
from registration.admission.batching import CategoryBatcher
from registration.admission.rules import RegistrationRequest
from registration.entries.creation import RegistrationBody
from registration.idempotency.rules import Answer
from registration.prices.rules import Price
from testkit.polling import eventually

Step = Callable[[Sequence[RegistrationRequest]], Batch | Awaitable[Batch]]


def request(key: str | None = None, *, size: int = 1, code: str | None = None) -> RegistrationRequest:
    people: Any = tuple(range(size))  # the batcher only counts them
    kinds = {1: RegistrationType.INDIVIDUAL, 5: RegistrationType.COLLECTIVE_5, 10: RegistrationType.COLLECTIVE_10}
    access = AccessCode(version=1, code="code")
    return RegistrationRequest(uuid4(), kinds[size], Price(Decimal(1)), people, access, key, "", promo_code=code)


def admitted(registration_id: object = None) -> Answer[RegistrationBody]:
    """Return an answer; the batcher only passes it on."""
    body: Any = {"registration_id": str(registration_id)}
    return Answer(body)


def admit_all(requests: Sequence[RegistrationRequest], places_left: int | None = None) -> Batch:
    return Batch([admitted(each.registration_id) for each in requests], places_left)


class Engine:
    """Plays its script, one step per transaction, then admits all. Can be held in the middle of one."""

    def __init__(self, *script: Step | Exception) -> None:
        self.script = deque(script)
        self.batches: list[list[RegistrationRequest]] = []
        self.hints: list[int | None] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, requests: Sequence[RegistrationRequest], hint: int | None) -> Batch:
        self.batches.append(list(requests))
        self.hints.append(hint)
        await self.gate.wait()
        step = self.script.popleft() if self.script else admit_all
        if isinstance(step, Exception):
            raise step
        found = step(requests)
        return found if isinstance(found, Batch) else await found

    @property
    def sizes(self) -> list[int]:
        return [len(batch) for batch in self.batches]


def batcher(
    engine: Engine, *, batch_size: int = 64, queue_size: int = 400, memory_seconds: float = 1.0
) -> CategoryBatcher:
    return CategoryBatcher(
        engine, slots=asyncio.Semaphore(4), batch_size=batch_size, queue_size=queue_size, memory_seconds=memory_seconds
    )


async def busy(engine: Engine, at: CategoryBatcher) -> asyncio.Task[Answer[RegistrationBody]]:
    """Begin a transaction, and hold it."""
    engine.gate.clear()
    first = asyncio.create_task(at.apply(request()))
    await eventually(lambda: engine.batches)
    return first


async def arrive(at: CategoryBatcher, *requests: RegistrationRequest) -> list[asyncio.Task[Answer[RegistrationBody]]]:
    """Send requests, without waiting for their answers."""
    tasks = [asyncio.create_task(at.apply(each)) for each in requests]
    await asyncio.sleep(0)
    return tasks


async def answers_to(
    tasks: Sequence[asyncio.Task[Answer[RegistrationBody]]],
) -> list[Answer[RegistrationBody] | BaseException]:
    """Return the answer to each request."""
    return await asyncio.wait_for(asyncio.gather(*tasks, return_exceptions=True), 5)
