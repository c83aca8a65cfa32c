"""The page with every component in every state, for those who work on the pages. It is not served in production."""

from datetime import UTC, date, datetime
from decimal import Decimal
from types import SimpleNamespace
from typing import Final

from chassis.auth.access import public
from chassis.web.routing import Router
from fastapi import Request, Response

from web.forms import FieldError, Form
from web.languages import ENGLISH_PREFIX
from web.pages import private_page
from web.site.rules import Availability

router = Router(dependencies=[public])

_WRONG: Final = ("wrong_text", "wrong_area", "wrong_radio", "wrong_select", "wrong_check")
_GROUPS: Final = (None, None, "Budi", "Budi", "Sari")
_FILLED: Final = {"filled_text": "0812 3456 7890", "filled_select": "m", "filled_radio": "m", "filled_check": "yes"}
_DAY: Final = date(2027, 8, 17)
_AT: Final = datetime(2027, 1, 4, 3, tzinfo=UTC)
_STAGES: Final = ("unpaid", "refused", "overdue", "checking", "confirming", "verified", "expired", "cancelled")
_HAPPENINGS: Final = (
    "registered", "proof_sent", "proof_refused", "payment_accepted", "verified", "expired", "cancelled",
)  # fmt: skip
_EVENT: Final = SimpleNamespace(
    name="Jakarta Fun Run",
    event_date=_DAY,
    location="Senayan, Jakarta",
    timezone="Asia/Jakarta",
    pickup_info=None,
)
_REGISTRATION: Final = SimpleNamespace(total_amount=Decimal(1_300_042))


@router.get("/parts")
@router.get(f"{ENGLISH_PREFIX}/parts")
async def show_parts(request: Request) -> Response:
    """Every component of the stylesheets in every state."""
    errors = [FieldError(name, "Budi?", group) for name, group in zip(_WRONG, _GROUPS, strict=True)]
    return private_page(
        request,
        "parts.html",
        form=Form(_FILLED, errors),
        choices=[("s", "S"), ("m", "M"), ("l", "L")],
        race=SimpleNamespace(date=_DAY),
        availabilities=list(Availability),
        states=[_state(each) for each in _STAGES],
        sample=_sample(),
        ticket=SimpleNamespace(bib_number=1042, name="Budi Santoso", category="5K", jersey_size="M"),
    )


def _state(stage: str) -> SimpleNamespace:
    bibs = [1042] if stage == "verified" else []
    return SimpleNamespace(stage=stage, registration=_REGISTRATION, bibs=bibs, bib_text="BIB 1042")


def _sample() -> SimpleNamespace:
    """Return a registration whose timeline has everything that can happen."""
    entries = [
        SimpleNamespace(happening=each, at=_AT, reason="Budi?" if each == "proof_refused" else None)
        for each in _HAPPENINGS
    ]
    return SimpleNamespace(
        stage="unpaid", is_payable=True, deadline=_AT, timeline=entries, registration=_REGISTRATION, event=_EVENT
    )
