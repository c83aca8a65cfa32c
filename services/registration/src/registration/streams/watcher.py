"""Watching registrations for changes by any process: one query for all streams of this process."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import timedelta
from uuid import UUID

from chassis.database import Database
from chassis.telemetry import logger

from registration.streams.queries import RegistrationState, differing

log = logger(__name__)

_GATHER_SECONDS = 0.05
"""Time in which new watches gather before they are read together."""
_ROUND_SECONDS = 10.0

Notify = Callable[[RegistrationState], None]


class Watch:
    """A stream's interest in one registration.

    Args:
        seen: the newest revision that its client has; None if it has none.
        notify: called with each state that differs from the one before.
    """

    def __init__(self, registration_id: UUID, *, seen: int | None, notify: Notify) -> None:
        self.registration_id = registration_id
        self._seen = seen
        self._notify = notify
        self.is_known: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    def show(self, state: RegistrationState) -> None:
        """Pass on a state if it is new to the client. After a restore of the database it may be an older one."""
        if state.revision != self._seen:
            self._seen = state.revision
            self._notify(state)


class _Registration:
    """A watched registration: its watches, and the revision that they have all seen; 0 if there is none yet."""

    def __init__(self) -> None:
        self.watches: list[Watch] = []
        self.revision = 0


class Watcher:
    """Reads the watched registrations repeatedly, and new ones at once; nothing while there are none.

    While the database is unavailable, watches stay and go on when it is back.

    Args:
        every: the time between two reads.
    """

    def __init__(self, database: Database, *, every: timedelta) -> None:
        self._database = database
        self._seconds = every.total_seconds()
        self._registrations: dict[UUID, _Registration] = {}
        self._new: list[Watch] = []
        self._has_new = asyncio.Event()
        self._running: asyncio.Task[None] | None = None
        self._is_failing = False

    @contextmanager
    def watching(self, watch: Watch) -> Iterator[None]:
        """Notify `watch` of the present state and of changes until the block ends.

        `watch.is_known` becomes whether there is such a registration, or the error with which this could not be read.
        """
        registration = self._registrations.setdefault(watch.registration_id, _Registration())
        registration.watches.append(watch)
        self._new.append(watch)
        self._has_new.set()
        if self._running is None or self._running.done():
            self._running = asyncio.create_task(self._run(), name="registration_streams")
        try:
            yield
        finally:
            registration.watches.remove(watch)
            if not registration.watches:
                del self._registrations[watch.registration_id]

    async def close(self) -> None:
        """Stop reading."""
        if self._running is not None:
            self._running.cancel()
            await asyncio.wait({self._running})

    async def _run(self) -> None:
        clock = asyncio.get_running_loop().time
        due = clock() + self._seconds
        while self._registrations:
            await self._new_or_due(due)
            is_due = clock() >= due
            await self._round(is_due=is_due)
            if is_due:
                due = clock() + self._seconds

    async def _new_or_due(self, due: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(due):
                await self._has_new.wait()
                await asyncio.sleep(_GATHER_SECONDS)

    async def _round(self, *, is_due: bool) -> None:
        """Read new watches, and all others if it is time, in one query."""
        new, self._new = [each for each in self._new if not each.is_known.done()], []
        self._has_new.clear()
        known = {key: each.revision for key, each in self._registrations.items()} if is_due else {}
        known |= {each.registration_id: 0 for each in new}
        if not known:
            return
        # A watch that begins meanwhile waits for the next read, as this one may see less than its client has seen.
        watches = {key: [*self._registrations[key].watches] for key in known}
        try:
            states = await self._read(known)
        except Exception as error:  # noqa: BLE001  # new watches get it, the others wait
            self._note_failure(error)
            for each in _waiting(new):
                each.is_known.set_exception(error)
            return
        self._note_success()
        self._show(watches, states)
        for each in _waiting(new):
            each.is_known.set_result(each.registration_id in states)

    async def _read(self, known: Mapping[UUID, int]) -> Mapping[UUID, RegistrationState]:
        async with asyncio.timeout(_ROUND_SECONDS), self._database.read() as session:
            return {state.registration_id: state for state in await differing(session, known)}

    def _show(self, watches: Mapping[UUID, Iterable[Watch]], states: Mapping[UUID, RegistrationState]) -> None:
        for key, state in states.items():
            if key in self._registrations:
                self._registrations[key].revision = state.revision
            for watch in watches[key]:
                watch.show(state)

    def _note_failure(self, error: Exception) -> None:
        if not self._is_failing:
            log.warning("registrations_not_watched", error=type(error).__name__)
        self._is_failing = True

    def _note_success(self) -> None:
        if self._is_failing:
            log.info("registrations_watched_again")
        self._is_failing = False


def _waiting(watches: Iterable[Watch]) -> Iterator[Watch]:
    return (each for each in watches if not each.is_known.done())
