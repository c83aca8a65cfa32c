"""Building of registration's API."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import Any, Final

import httpx
from chassis.auth.access import keys_over_http, runner_verifier, staff_verifier
from chassis.auth.principals import TokenKind
from chassis.auth.tokens import KeyRing
from chassis.database import Database
from chassis.images.processing import ImageProcessor
from chassis.images.store import image_store
from chassis.uptime.beats import beat, beating
from chassis.web.api import build_api
from chassis.web.event_streams import OpenStreams, StreamTimes
from chassis.web.fast_path import FastPath
from chassis.web.limits import AddressLimit
from chassis.web.load_shedding import ConcurrencyLimit
from fastapi import FastAPI

from registration.access import api as access
from registration.admission import api as admission
from registration.admission.errors import too_many_registering
from registration.admission.forms import RegistrationForm
from registration.admission.service import AdmissionService
from registration.cancellations import api as cancellations
from registration.canonical import api as canonical
from registration.catalog import api as catalog
from registration.catalog.uploads import FORM_BYTES
from registration.challenge.checkpoint import build_checkpoint
from registration.corrections import api as corrections
from registration.courses import api as courses
from registration.entries import api as entries
from registration.entries import participants_api as participants
from registration.exports import api as exports
from registration.exports import vendor_api as vendor_files
from registration.exports.rules import CHOSEN_BYTES
from registration.keys import router as keys_router
from registration.keys import signing_keys_of
from registration.lookup import api as lookup
from registration.notes import api as notes
from registration.pictures import api as pictures
from registration.pictures.files import RecentFiles
from registration.prices import api as prices
from registration.reports import api as reports
from registration.settings import Settings
from registration.streams import api as streams
from registration.streams.watcher import Watcher
from registration.tickets import api as tickets
from registration.timeline import api as timeline
from registration.tokens import RunnerTokens
from registration.uptime.tables import RECORD
from registration.waitlist import api as waitlist
from registration.waitlist.offering import offer_free_places
from registration.waitlist.rules import OfferTerms
from registration.waitlist.service import WaitlistService

ROUTERS = (
    admission.router,
    access.router,
    catalog.router,
    pictures.router,
    courses.router,
    prices.router,
    cancellations.router,  # before `/registrations/{registration_id}`, like the next
    lookup.router,
    entries.router,
    participants.router,
    reports.router,
    timeline.router,
    vendor_files.router,  # before `/exports/{export_id}`
    exports.router,
    streams.router,
    corrections.router,
    notes.router,
    canonical.router,
    waitlist.router,
    tickets.router,
    keys_router,
)

_LARGER_BODIES: Final = {
    r"/api/registration/v1/events/[^/]+/(banner|logo|course)": FORM_BYTES,
    r"/api/registration/v1/exports": CHOSEN_BYTES,
}


def build_app(settings: Settings, database: Database, http: httpx.AsyncClient) -> FastAPI:
    """Build the API. Before it stops, it answers the queued requests."""
    keys = signing_keys_of(settings, database)
    runner_tokens = RunnerTokens(keys, lifetime=settings.runner_token_lifetime, clock=database.clock)
    codes = settings.access_codes()
    admission_service = AdmissionService(database, runner_tokens, codes, settings)
    checkpoint = build_checkpoint(settings, database)
    terms = OfferTerms(settings.waitlist_offer_time, codes)
    watcher = Watcher(database, every=timedelta(seconds=settings.stream_poll_interval_seconds))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with beating(lambda: beat(database, RECORD)):
            yield
        await watcher.close()
        await admission_service.batchers.drained()
        if checkpoint is not None:
            await checkpoint.close()

    return build_api(
        "registration",
        database,
        ROUTERS,
        verifiers={
            TokenKind.STAFF: staff_verifier(keys_over_http(http, settings.staff_jwks_url)),
            TokenKind.RUNNER: runner_verifier(KeyRing(keys.public)),
        },
        state={
            "admission_service": admission_service,
            "waitlist_service": WaitlistService(database, runner_tokens, codes, settings),
            "offer_terms": terms,
            "on_places_freed": partial(offer_free_places, terms=terms),
            "access_codes": codes,
            "runner_tokens": runner_tokens,
            "signing_keys": keys,
            "limits": _limits(settings),
            "checkpoint": checkpoint,
            "public_catalog": catalog.public_catalog(database),
            "watcher": watcher,
            **_pictures(settings),
            **_stream_limits(settings),
        },
        lifespan=lifespan,
        larger_bodies=_LARGER_BODIES,
        fast_path=FastPath(
            admission.register,
            RegistrationForm,
            ConcurrencyLimit(settings.admission_max_in_flight, too_many_registering()),
        ),
    )


def _pictures(settings: Settings) -> dict[str, Any]:
    images = image_store(settings)
    return {
        "images": images,
        "image_processor": ImageProcessor(threads=settings.image_threads, queue_size=settings.image_queue_size),
        "picture_files": RecentFiles(images),
    }


def _stream_limits(settings: Settings) -> dict[str, Any]:
    maximum, per_registration = settings.stream_max_connections, settings.stream_max_per_registration
    return {
        "streams": OpenStreams("registration", maximum=maximum, per_subject=per_registration),
        "stream_times": StreamTimes(settings.stream_heartbeat_seconds, settings.stream_max_age_seconds),
    }


def _limits(settings: Settings) -> dict[str, AddressLimit]:
    rates = {
        "registrations": (settings.rate_registration_per_minute, settings.rate_registration_burst),
        "access": (settings.rate_access_per_minute, settings.rate_access_burst),
        "searches": (settings.rate_search_per_minute, settings.rate_search_burst),
        "promo_checks": (settings.rate_promo_check_per_minute, settings.rate_promo_check_burst),
    }
    return {
        name: AddressLimit(per_minute=per_minute, burst=burst, trusted_proxies=settings.trusted_proxies)
        for name, (per_minute, burst) in rates.items()
    }
