"""Registration's application without batching: the same route and statements, one request a transaction."""

from dataclasses import replace
from uuid import UUID

import registration.service
from chassis.database import Database
from chassis.errors import StartlineError
from fastapi import FastAPI
from httpx import AsyncClient
from registration.admission.admit_batch import admit_batch
from registration.admission.rules import RegistrationRequest
from registration.admission.service import AdmissionService
from registration.app import build_app
from registration.catalog.cache import CategoryCache
from registration.entries.creation import RegistrationBody
from registration.idempotency.rules import Answer
from registration.settings import Settings


class _NoBatcher:
    def __init__(self, database: Database, offers: CategoryCache, category_id: UUID) -> None:
        self._database = database
        self._categories = offers
        self._category_id = category_id

    async def apply(self, request: RegistrationRequest) -> Answer[RegistrationBody]:
        batch = await admit_batch(self._database, await self._categories.get(self._category_id), [request])
        [outcome] = batch.outcomes
        if isinstance(outcome, StartlineError):
            raise outcome
        if outcome is None:
            raise RuntimeError("a single request cannot wait for another")
        return outcome


class _NoBatchers:
    def __init__(self, database: Database, offers: CategoryCache) -> None:
        self._database = database
        self._categories = offers

    def __getitem__(self, category_id: UUID) -> _NoBatcher:
        return _NoBatcher(self._database, self._categories, category_id)

    async def drained(self) -> None:
        """No request waits here."""


def _build(settings: Settings, database: Database, http: AsyncClient) -> FastAPI:
    app = build_app(settings, database, http)
    admission: AdmissionService = app.state.admission_service
    admission.batchers = _NoBatchers(database, admission._categories)  # type: ignore[assignment]  # noqa: SLF001  # the comparison needs its inside
    return app


SERVICE = replace(registration.service.SERVICE, build_app=_build)
