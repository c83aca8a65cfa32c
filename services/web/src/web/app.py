"""The application of pages."""

from collections.abc import Sequence

from chassis.clock import Clock, utcnow
from chassis.database import Database
from chassis.web.application import build_http_app
from fastapi import APIRouter, FastAPI
from starlette.middleware import Middleware

from web import static_files, third_party
from web.checkin.files import app_release
from web.checkin.routes import router as checkin
from web.console.areas import LARGER_BODIES
from web.console.areas import ROUTERS as CONSOLE
from web.console.overview.remembered import LastAnswers
from web.console.views.saved import SavedViews
from web.corrections.routes import router as corrections
from web.error_pages import error_pages
from web.heads import HeadAsGet
from web.kept import KeptPages
from web.languages import LanguageOfPath
from web.pages import POLICY, Pages
from web.recovery.routes import router as recovery
from web.register.routes import router as register
from web.runner.paying import router as paying
from web.runner.proofs import PROOF_BYTES
from web.runner.routes import links
from web.runner.routes import router as runner
from web.same_origin import REFERRERS, SameOrigin
from web.sessions.staff import StaffSessions
from web.settings import Settings
from web.site.brand import router as brand
from web.site.button import router as button
from web.site.licences import router as licences
from web.site.parts import router as parts
from web.site.privacy import router as privacy
from web.site.routes import router as site
from web.tickets.routes import router as tickets
from web.upstream.apis import Apis
from web.upstream.client import ApiClient
from web.upstream.identity import IdentityApi
from web.upstream.registration import RegistrationApi
from web.upstream.usdt import UsdtNetworks
from web.waitlist.routes import router as waitlist


def build_app(settings: Settings, apis: Apis, database: Database, *, clock: Clock = utcnow) -> FastAPI:
    """Build the application. The caller closes the clients and the database."""
    files = {**static_files.load(), **third_party.load()}
    pages = Pages(files, settings.public_url, turnstile_site_key=settings.turnstile_site_key)
    errors = error_pages(pages)
    app = build_http_app(
        "web",
        {"": _routers(settings)},
        state={
            "settings": settings,
            "pages": pages,
            "kept_pages": KeptPages(clock),
            "last_answers": LastAnswers(clock),
            "saved_views": SavedViews(database),
            "static_files": files,
            "checkin_app": app_release(files),
            "registration": RegistrationApi(apis.registration, clock=clock),
            "registration_api": ApiClient(apis.registration, "/api/registration/v1"),
            "payment_api": ApiClient(apis.payment, "/api/payment/v1"),
            "usdt_networks": UsdtNetworks(apis.payment, clock=clock),
            "notification_api": ApiClient(apis.notification, "/api/notification/v1"),
            "checkin_api": ApiClient(apis.checkin, "/api/checkin/v1"),
            "identity_api": ApiClient(apis.identity, "/api/identity/v1"),
            "staff_sessions": _staff_sessions(settings, apis, database),
            "clock": clock,
            "public_url": settings.public_url,
            "is_secure": settings.public_url.startswith("https://"),
            "trusted_proxies": settings.trusted_proxies,
        },
        larger_bodies={r"(?:/en)?(?:/r|/console/registrations)/[^/]+/proof": PROOF_BYTES, **LARGER_BODIES},
        content_security_policy=POLICY,
        referrer_policy=REFERRERS,
        error_responses=errors,
    )
    own_forms = Middleware(SameOrigin, public_url=settings.public_url, error_responses=errors)
    app.user_middleware.append(own_forms)  # the innermost, so that its page has the language, number and headers of all
    app.add_middleware(LanguageOfPath)
    app.add_middleware(HeadAsGet)
    return app


def _staff_sessions(settings: Settings, apis: Apis, database: Database) -> StaffSessions:
    return StaffSessions(
        database,
        IdentityApi(ApiClient(apis.identity, "/api/identity/v1")),
        settings.secret_box(),
        idle=settings.staff_idle,
        lifetime=settings.staff_session_lifetime,
    )


def _routers(settings: Settings) -> Sequence[APIRouter]:
    """Return the routers in the order in which they are asked.

    The form is first, as it is asked most. Links fit any page of a registration: they are last.
    """
    shown = [parts] if settings.show_parts else []
    about = [site, brand, button, licences, privacy, recovery, *shown, static_files.router]
    return [register, *about, checkin, *CONSOLE, tickets, corrections, waitlist, runner, paying, links]
