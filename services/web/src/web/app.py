"""The application of pages."""

import httpx
from chassis.clock import Clock, utcnow
from chassis.web.application import build_http_app
from fastapi import FastAPI

from web import static_files, third_party
from web.languages import LanguageOfPath
from web.pages import POLICY, Pages, error_pages
from web.runner.routes import router as runner
from web.same_origin import SameOrigin
from web.settings import Settings
from web.site.brand import router as brand
from web.site.licences import router as licences
from web.site.routes import router as site
from web.upstream.client import ApiClient
from web.upstream.registration import RegistrationApi


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
        {
            "": [
                site,
                brand,
                licences,
                runner,
                static_files.router,
            ]
        },
        state={
            "pages": pages,
            "static_files": files,
            "registration": RegistrationApi(registration, clock=clock),
            "registration_api": ApiClient(registration, "/api/registration/v1"),
            "payment_api": ApiClient(payment, "/api/payment/v1"),
            "clock": clock,
            "public_url": settings.public_url,
            "is_secure": settings.public_url.startswith("https://"),
            "trusted_proxies": settings.trusted_proxies,
        },
        content_security_policy=POLICY,
        error_responses=errors,
    )
    app.add_middleware(SameOrigin, public_url=settings.public_url, error_responses=errors)
    app.add_middleware(LanguageOfPath)
    return app
