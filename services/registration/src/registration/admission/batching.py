"""Request batching: concurrent requests for one category share a transaction.

While one transaction runs, new requests are queued; the next transaction takes all of them, up to a maximum. There is
no timer: a single request is served at once, and batches grow with the queue.
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

from registration.admission.admit_batch import Batch, Outcome
from registration.admission.errors import CategoryFull, too_many_registering
from registration.admission.insert import ConcurrentConflict
from registration.admission.rules import RegistrationRequest
from registration.entries.creation import RegistrationBody
from registration.idempotency.errors import RequestInProgress
from registration.idempotency.rules import Answer
from registration.prices.errors import PromoUsedUp

NOT_STORED = Wording(
    en="This registration could not be stored; try again shortly.",
    id="Pendaftaran ini tidak dapat disimpan; coba lagi sebentar lagi.",
)


log = logger(__name__)

Admit = Callable[[Sequence[RegistrationRequest], int | None], Awaitable[Batch]]
"""`admit_batch` for one category: requests, and the places known to be left if that is current."""

_CONFLICTS_BEFORE_ONE_BY_ONE = 3
_LOOP_ITERATIONS = 3
"""Event-loop iterations between a readable socket and an enqueued request."""
_BATCH_WORTHWHILE = 32
"""A queue of this length is not made to wait: under load an iteration of the loop takes long."""


@dataclass(slots=True)
class _Waiting:
    request: RegistrationRequest
    answer: asyncio.Future[Outcome] = field(default_factory=lambda: asyncio.get_running_loop().create_future())


class CategoryBatcher:
    """Batches the requests for one category in this process.

    Args:
        admit: `admit_batch` for the category.
        slots: shared by all batchers of the process; one is held during a transaction.
        batch_size: maximum requests in one transaction.
        queue_size: maximum requests waiting; excess is rejected at once.
        memory_seconds: how long "not enough places" and "no uses of this code left" are answered from memory.
    """

    def __init__(
        self, admit: Admit, *, slots: asyncio.Semaphore, batch_size: int, queue_size: int, memory_seconds: float = 1.0
    ) -> None:
        self._admit = admit
        self._slots = slots
        self._batch_size = batch_size
        self._queue_size = queue_size
        self._memory_seconds = memory_seconds
        self._queue: deque[_Waiting] = deque()
        self._keys: set[str] = set()
        self._serving: asyncio.Task[None] | None = None
        self._crowded = False
        self._places_left: int | None = None
        self._learnt_at = float("-inf")
        self._used_up: frozenset[str] = frozenset()
        self._used_up_at = float("-inf")

    async def apply(self, request: RegistrationRequest) -> Answer[RegistrationBody]:
        """Enqueue a request and return its outcome.

        Raises:
            CategoryFull, AlreadyRegistered, TypeNotOffered, PromoNotValid, PromoUsedUp, PromoCodeRequired,
                IdempotencyKeyReused, RequestInProgress, TooBusy, Unavailable.
        """
        self._reject_early(request)
        waiting = _Waiting(request)
        self._queue.append(waiting)
        if request.idempotency_key:
            self._keys.add(request.idempotency_key)
        if self._serving is None:
            self._serving = asyncio.create_task(self._serve())
        outcome = await waiting.answer
        if isinstance(outcome, StartlineError):
            raise outcome
        return outcome

    def _reject_early(self, request: RegistrationRequest) -> None:
        key = request.idempotency_key
        if key is not None and key in self._keys:
            raise RequestInProgress
        hint = self._hint()
        # With a key it may be a repeat of a request that did get its places: that is looked up, a batch at a time.
        if key is None and hint is not None and hint < request.size:
            raise CategoryFull(places_left=hint)
        if key is None and request.promo_code in self._used_up and self._is_fresh(self._used_up_at):
            raise PromoUsedUp(uses_left=0)
        if len(self._queue) >= self._queue_size:
            raise too_many_registering()

    def _hint(self) -> int | None:
        return self._places_left if self._is_fresh(self._learnt_at) else None

    def _is_fresh(self, learnt_at: float) -> bool:
        return time.monotonic() - learnt_at < self._memory_seconds

    async def drained(self) -> None:
        """Wait until all queued requests have an outcome."""
        if self._serving is not None:
            await asyncio.shield(self._serving)

    async def _serve(self) -> None:
        try:
            while self._queue:
                # While other categories hold the slots, this queue grows, and the next batch with it.
                async with self._slots:
                    await self._collect_arrivals()
                    await self._serve_batch(self._next_batch())
        finally:
            self._serving = None

    def _next_batch(self) -> list[_Waiting]:
        batch = [self._queue.popleft() for _ in range(min(self._batch_size, len(self._queue)))]
        self._crowded = len(batch) > 1
        gone = [waiting for waiting in batch if waiting.answer.cancelled()]
        self._keys.difference_update(waiting.request.idempotency_key or "" for waiting in gone)
        return [waiting for waiting in batch if not waiting.answer.cancelled()]

    async def _collect_arrivals(self) -> None:
        """Wait for requests that have arrived to reach the queue, as larger batches cost less per request.

        A request is readable on its socket a few event-loop iterations before it is in the queue. Under load it pays to
        run these iterations now, because otherwise each request would just miss the batch that starts. A single
        request is not delayed, and a queue that is long enough already is not either.
        """
        if not self._crowded and len(self._queue) == 1:
            return
        for _ in range(_LOOP_ITERATIONS):
            if len(self._queue) >= _BATCH_WORTHWHILE:
                return
            await asyncio.sleep(0)

    async def _serve_batch(self, batch: list[_Waiting]) -> None:
        if not batch:
            return
        for _ in range(_CONFLICTS_BEFORE_ONE_BY_ONE):
            try:
                result = await self._admit([waiting.request for waiting in batch], self._hint())
            except ConcurrentConflict:
                continue
            except Exception as error:  # noqa: BLE001  # answered below, to each caller
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
            self._keys.discard(waiting.request.idempotency_key or "")
            if not waiting.answer.done():
                waiting.answer.set_result(outcome)
        self._queue.extendleft(reversed(again))

    def _learn(self, batch: Batch) -> None:
        if batch.places_left is not None:
            self._places_left = batch.places_left
            self._learnt_at = time.monotonic()
        if batch.used_up:
            self._used_up = batch.used_up
            self._used_up_at = time.monotonic()


def _would_meet_each(error: Exception) -> bool:
    """Return whether trying one by one is pointless: the database is out of reach, and each would wait for it again.

    A deadlock or serialization failure (SQLSTATE class 40) is the exception: it depends on the batch's members.
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


class Batchers:
    """One batcher per category, made on first use.

    Args:
        admit: `admit_batch`, with the category's id first.
        max_concurrent: maximum concurrent transactions over all categories. More of them would be smaller, and cost
            more than they gain.
        batch_size: maximum requests in one transaction.
        queue_size: maximum requests waiting per category.
    """

    def __init__(
        self,
        admit: Callable[[UUID, Sequence[RegistrationRequest], int | None], Awaitable[Batch]],
        *,
        max_concurrent: int,
        batch_size: int,
        queue_size: int,
    ) -> None:
        self._admit = admit
        self._slots = asyncio.Semaphore(max_concurrent)
        self._batch_size = batch_size
        self._queue_size = queue_size
        self._batchers: dict[UUID, CategoryBatcher] = {}

    def __getitem__(self, category_id: UUID) -> CategoryBatcher:
        if category_id not in self._batchers:
            admit = partial(self._admit, category_id)
            self._batchers[category_id] = CategoryBatcher(
                admit, slots=self._slots, batch_size=self._batch_size, queue_size=self._queue_size
            )
        return self._batchers[category_id]

    async def drained(self) -> None:
        """Wait until every queue is empty, so that a stop loses no request."""
        await asyncio.gather(*(batcher.drained() for batcher in self._batchers.values()))
