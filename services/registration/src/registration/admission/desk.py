"""The desk: where requests for one category are combined.

While one transaction runs, arrivals wait in line; the next transaction takes all of them, up to a bound. Nobody waits
for a timer: a lone request is served at once, and batches grow by themselves as the line does.
"""

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from chassis.database import is_unavailable
from chassis.errors import StartlineError, Unavailable
from chassis.telemetry import logger
from chassis.wording import Wording

from registration.admission.engine import Admitted, Batch, Outcome
from registration.admission.errors import CategoryFull, RequestInProgress, TooBusy
from registration.admission.placing import Raced
from registration.admission.rules import Application

NOT_STORED = Wording(
    en="This registration could not be stored; try again shortly.",
    id="Pendaftaran ini tidak dapat disimpan; coba lagi sebentar lagi.",
)


log = logger(__name__)

Admit = Callable[[Sequence[Application], int | None], Awaitable[Batch]]
"""The engine, bound to a category: applications, and the places known to be left if that is fresh."""

_RACES_BEFORE_ONE_BY_ONE = 3
_ROUNDS_TO_THE_LINE = 3
"""Turns of the event loop from a socket that can be read to a place in line."""
_WORTH_A_TRANSACTION = 32
"""So many need not wait for more: in a flood each turn of the loop takes long."""


@dataclass(slots=True)
class _Waiting:
    application: Application
    answer: asyncio.Future[Outcome] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class Desk:
    """One category's line in this process.

    Args:
        admit: the engine, bound to the category.
        turns: transactions that this process's desks may have under way together.
        batch: most applications in one transaction.
        line: most applications waiting; more are refused at once.
        memory_seconds: how long "not enough places" is answered from memory.
    """

    def __init__(
        self, admit: Admit, *, turns: asyncio.Semaphore, batch: int, line: int, memory_seconds: float = 1.0
    ) -> None:
        self._admit = admit
        self._turns = turns
        self._batch = batch
        self._limit = line
        self._memory_seconds = memory_seconds
        self._line: deque[_Waiting] = deque()
        self._keys: set[str] = set()
        self._serving: asyncio.Task[None] | None = None
        self._crowded = False
        self._places_left: int | None = None
        self._learnt_at = float("-inf")

    async def apply(self, application: Application) -> Admitted:
        """Wait in line and be served.

        Raises:
            CategoryFull, AlreadyRegistered, IdempotencyKeyReused, RequestInProgress, TooBusy, Unavailable.
        """
        self._refuse_at_the_door(application)
        waiting = _Waiting(application)
        self._line.append(waiting)
        if application.idempotency_key:
            self._keys.add(application.idempotency_key)
        if self._serving is None:
            self._serving = asyncio.create_task(self._serve())
        outcome = await waiting.answer
        if isinstance(outcome, StartlineError):
            raise outcome
        return outcome

    def _refuse_at_the_door(self, application: Application) -> None:
        key = application.idempotency_key
        if key is not None and key in self._keys:
            raise RequestInProgress
        hint = self._hint()
        # With a key it may be a repeat of a request that did get its places: that is looked up, a batch at a time.
        if key is None and hint is not None and hint < application.size:
            raise CategoryFull(places_left=hint)
        if len(self._line) >= self._limit:
            raise TooBusy

    def _hint(self) -> int | None:
        fresh = time.monotonic() - self._learnt_at < self._memory_seconds
        return self._places_left if fresh else None

    async def drained(self) -> None:
        """Wait until everybody in line has an answer."""
        if self._serving is not None:
            await asyncio.shield(self._serving)

    async def _serve(self) -> None:
        try:
            while self._line:
                # While other categories have their turns, the line grows and its batch with it.
                async with self._turns:
                    await self._let_in_who_is_at_the_door()
                    await self._serve_batch(self._next_batch())
        finally:
            self._serving = None

    def _next_batch(self) -> list[_Waiting]:
        batch = [self._line.popleft() for _ in range(min(self._batch, len(self._line)))]
        self._crowded = len(batch) > 1
        gone = [waiting for waiting in batch if waiting.answer.cancelled()]
        self._keys.difference_update(waiting.application.idempotency_key or "" for waiting in gone)
        return [waiting for waiting in batch if not waiting.answer.cancelled()]

    async def _let_in_who_is_at_the_door(self) -> None:
        """Unless somebody comes alone, let in who has arrived already: larger batches cost less each."""
        if not self._crowded and len(self._line) == 1:
            return
        for _ in range(_ROUNDS_TO_THE_LINE):
            if len(self._line) >= _WORTH_A_TRANSACTION:
                return
            await asyncio.sleep(0)

    async def _serve_batch(self, batch: list[_Waiting]) -> None:
        if not batch:
            return
        for _ in range(_RACES_BEFORE_ONE_BY_ONE):
            try:
                result = await self._admit([waiting.application for waiting in batch], self._hint())
            except Raced:
                continue
            except Exception as error:  # noqa: BLE001  # answered below, to each caller alone
                await self._after_failure(batch, error)
                return
            self._learn(result)
            self._answer(batch, result.outcomes)
            return
        await self._one_by_one(batch, Unavailable())

    async def _after_failure(self, batch: list[_Waiting], error: Exception) -> None:
        log.warning("admission_batch_failed", size=len(batch), error=type(error).__name__)
        if len(batch) == 1 or _would_meet_each(error):
            self._answer(batch, [_failure(error) for _ in batch])
        else:
            await self._one_by_one(batch, _failure(error))

    async def _one_by_one(self, batch: list[_Waiting], failure: StartlineError) -> None:
        if len(batch) == 1:
            self._answer(batch, [failure])
            return
        for waiting in batch:
            await self._serve_batch([waiting])

    def _answer(self, batch: Sequence[_Waiting], outcomes: Sequence[Outcome | None]) -> None:
        again = []
        for waiting, outcome in zip(batch, outcomes, strict=True):
            if outcome is None:
                again.append(waiting)
                continue
            self._keys.discard(waiting.application.idempotency_key or "")
            if not waiting.answer.done():
                waiting.answer.set_result(outcome)
        self._line.extendleft(reversed(again))

    def _learn(self, batch: Batch) -> None:
        if batch.places_left is not None:
            self._places_left = batch.places_left
            self._learnt_at = time.monotonic()


def _would_meet_each(error: Exception) -> bool:
    """Whether trying one by one is pointless: the database is out of reach, and each in turn would wait for it again.

    A deadlock or a serialization failure (SQLSTATE 40) is the exception: it was about who was in the batch.
    """
    state = str(getattr(getattr(error, "orig", None), "sqlstate", None) or "")
    return is_unavailable(error) and not state.startswith("40")


def _failure(error: Exception) -> StartlineError:
    if isinstance(error, StartlineError):
        return error
    if is_unavailable(error):
        return Unavailable()
    log.error("admission_failed", exc_info=error)
    return Unavailable(NOT_STORED)


class Desks:
    """A desk for every category that is asked for.

    Args:
        admit: the engine; gets the category's id first.
        turns: most transactions under way together. More of them would be smaller, and cost more than they bring.
    """

    def __init__(
        self,
        admit: Callable[[UUID, Sequence[Application], int | None], Awaitable[Batch]],
        *,
        turns: int,
        batch: int,
        line: int,
    ) -> None:
        self._admit = admit
        self._turns = asyncio.Semaphore(turns)
        self._batch = batch
        self._line = line
        self._desks: dict[UUID, Desk] = {}

    def __getitem__(self, category_id: UUID) -> Desk:
        if category_id not in self._desks:
            admit = partial(self._admit, category_id)
            self._desks[category_id] = Desk(admit, turns=self._turns, batch=self._batch, line=self._line)
        return self._desks[category_id]

    async def drained(self) -> None:
        """Wait until every line is empty: for a stop that loses nobody."""
        await asyncio.gather(*(desk.drained() for desk in self._desks.values()))
