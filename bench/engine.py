"""Batching without HTTP: as many processes and callers as over HTTP, with forms already parsed."""

import asyncio
import multiprocessing
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from decimal import Decimal
from multiprocessing.synchronize import Barrier
from uuid import UUID, uuid4

import uvloop
from chassis.canonical.folding import folded
from chassis.ids import new_id
from chassis.secrets import new_key
from contracts import AccessCode, JerseySize, RegistrationType
from registration.admission.rules import RegistrationRequest
from registration.admission.service import AdmissionService
from registration.entries.people import Person, person_key
from registration.keys import signing_keys_of
from registration.prices.rules import Price
from registration.settings import Settings
from registration.tokens import RunnerTokens

from bench.api import WORKERS
from bench.stage import Stage, open_database

_CALLERS = 128
_PREPARATION_SECONDS = 60.0
_WARM_UP_SECONDS = 1.0
_MOST_PER_SECOND = 30_000
_BORN = date(1990, 1, 31)


def accepted(stage: Stage, *, seconds: float) -> tuple[int, int]:
    """How many registrations all processes of the engine take in so many seconds; and the same, warm-up included."""
    spawn = multiprocessing.get_context("spawn")
    together = spawn.Barrier(WORKERS)
    with ProcessPoolExecutor(WORKERS, spawn, initializer=_meet_at, initargs=(together,)) as pool:
        parts = [pool.submit(_drive, stage.url, stage.categories[0], seconds) for _ in range(WORKERS)]
        answered = [after for part in parts for after in part.result()]
    return sum(0 <= after <= seconds for after in answered), len(answered)


_together: list[Barrier] = []


def _meet_at(barrier: Barrier) -> None:
    _together.append(barrier)


def _drive(url: str, category_id: UUID, seconds: float) -> list[float]:
    """When each was answered, in seconds since the warm-up was over.

    Raises:
        ValueError: too few were prepared, so that the speed would be our own.
    """
    return uvloop.run(_serve_callers(url, category_id, seconds))


async def _serve_callers(url: str, category_id: UUID, seconds: float) -> list[float]:
    settings = Settings(
        database_url=url,
        broker_url="amqp://unused",
        secret_keys=new_key(),
        staff_jwks_url="http://127.0.0.1:1/unused",
        public_url="http://127.0.0.1:1",
        image_store="file:///unused",
    )
    database = open_database(url, pool_size=settings.pool_size)
    tokens = RunnerTokens(
        signing_keys_of(settings, database), lifetime=settings.runner_token_lifetime, clock=database.clock
    )
    admission = AdmissionService(database, tokens, settings.access_codes(), settings)
    requests = _requests(int(_MOST_PER_SECOND / WORKERS * (seconds + _WARM_UP_SECONDS)))
    answered: list[float] = []
    _together[0].wait(_PREPARATION_SECONDS)
    start = time.monotonic() + _WARM_UP_SECONDS

    async def call() -> None:
        for request in requests:
            await admission.batchers[category_id].apply(request)
            answered.append(time.monotonic() - start)
            if answered[-1] > seconds:
                break

    await asyncio.gather(*(call() for _ in range(_CALLERS)))
    await database.close()
    if next(requests, None) is None:
        raise ValueError(f"faster than {_MOST_PER_SECOND} a second: prepare more")
    return answered


def _requests(count: int) -> Iterator[RegistrationRequest]:
    return iter([_request(uuid4().hex) for _ in range(count)])


def _request(name: str) -> RegistrationRequest:
    person = Person(
        id=new_id(),
        person_key=person_key(name, _BORN, None),
        search_text=folded(f"Budi Santoso {name}"),
        full_name=f"Budi Santoso {name}",
        email=f"{name}@example.com",
        whatsapp="081234567890",
        gender="male",
        date_of_birth=_BORN,
        jersey_size=JerseySize("l"),
        identity_number=None,
        emergency_contact_name="Siti",
        emergency_contact_phone="081298765432",
        is_pic=True,
    )
    return RegistrationRequest(
        registration_id=new_id(),
        kind=RegistrationType("individual"),
        price=Price(Decimal(100_000)),
        people=(person,),
        access=AccessCode(version=1, code=name),
        idempotency_key=name,
        request_hash=name * 2,
    )
