"""The application of pages."""

from collections.abc import Sequence

import httpx
from chassis.clock import Clock, utcnow
from chassis.web.application import build_http_app
from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware

from web import static_files, third_party
from web.corrections.routes import router as corrections
from web.error_pages import error_pages
from web.kept import KeptPages
from web.languages import LanguageOfPath
from web.pages import POLICY, Pages
from web.recovery.routes import router as recovery
from web.register.routes import router as register
from web.runner.proofs import PROOF_BYTES
from web.runner.routes import links
from web.runner.routes import router as runner
from web.same_origin import REFERRERS, SameOrigin
from web.settings import Settings
from web.site.brand import router as brand
from web.site.licences import router as licences
from web.site.parts import router as parts
from web.site.privacy import router as privacy
from web.site.routes import router as site
from web.tickets.routes import router as tickets
from web.upstream.client import ApiClient
from web.upstream.registration import RegistrationApi
from web.waitlist.routes import router as waitlist


def build_app(
    settings: Settings, *, registration: httpx.AsyncClient, payment: httpx.AsyncClient, clock: Clock = utcnow
) -> FastAPI:
    """Build the application.

    Args:
        registration, payment: clients with the base URLs of these services; the caller closes them.
    """
    files = {**static_files.load(), **third_party.load()}
    pages = Pages(files, settings.public_url)
    errors = error_pages(pages)
    app = build_http_app(
        "web",
        {"": _routers(settings)},
        state={
            "pages": pages,
            "kept_pages": KeptPages(clock),
            "static_files": files,
            "registration": RegistrationApi(registration, clock=clock),
            "registration_api": ApiClient(registration, "/api/registration/v1"),
            "payment_api": ApiClient(payment, "/api/payment/v1"),
            "clock": clock,
            "public_url": settings.public_url,
            "is_secure": settings.public_url.startswith("https://"),
            "trusted_proxies": settings.trusted_proxies,
        },
        larger_bodies={r"(?:/en)?/r/[^/]+/proof": PROOF_BYTES},
        content_security_policy=POLICY,
        referrer_policy=REFERRERS,
        error_responses=errors,
    )
    own_forms = Middleware(SameOrigin, public_url=settings.public_url, error_responses=errors)
    app.user_middleware.append(own_forms)  # the innermost, so that its page has the language, number and headers of all
    app.add_middleware(LanguageOfPath)
    return app


def _routers(settings: Settings) -> Sequence[APIRouter]:
    """Return the routers in the order in which they are asked. Links fit any page of a registration: they are last."""
    shown = [parts] if settings.show_parts else []
    about = [site, brand, licences, privacy, recovery, *shown, static_files.router]
    return [*about, tickets, corrections, waitlist, runner, register, links]
