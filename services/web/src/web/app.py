"""The application of pages."""

import httpx
from chassis.clock import Clock, utcnow
from chassis.web.application import build_http_app
from fastapi import FastAPI

from web import static_files
from web.languages import LanguageOfPath
from web.pages import POLICY, Pages, error_pages
from web.settings import Settings
from web.site.brand import router as brand
from web.site.routes import router as site
from web.upstream.registration import RegistrationApi


def build_app(settings: Settings, http: httpx.AsyncClient, *, clock: Clock = utcnow) -> FastAPI:
    """Build the application.

    Args:
        http: client for registration's API, with its base URL; the caller closes it.
    """
    files = static_files.load()
    pages = Pages(files, settings.public_url)
    app = build_http_app(
        "web",
        {"": [site, brand, static_files.router]},
        state={
            "pages": pages,
            "static_files": files,
            "registration": RegistrationApi(http, clock=clock),
            "clock": clock,
            "public_url": settings.public_url,
        },
        content_security_policy=POLICY,
        error_responses=error_pages(pages),
    )
    app.add_middleware(LanguageOfPath)
    return app
