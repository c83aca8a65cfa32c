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
_STAGES: Final = (
    "unpaid", "refused", "overdue", "checking", "settling", "seen", "confirming", "verified", "expired", "cancelled",
)  # fmt: skip
_HAPPENINGS: Final = (
    "registered", "proof_sent", "proof_refused", "payment_accepted", "payment_received", "verified", "expired",
    "cancelled",
)  # fmt: skip
_EVENT: Final = SimpleNamespace(
    name="Jakarta Fun Run",
    event_date=_DAY,
    location="Senayan, Jakarta",
    timezone="Asia/Jakarta",
    pickup_info=None,
)
_REGISTRATION: Final = SimpleNamespace(
    total_amount=Decimal(1_300_042), discount=Decimal(100_000), promo_code="BCA", price_phase=None
)
_INVOICE: Final = SimpleNamespace(amount=Decimal(1_300_042), to_transfer=Decimal(1_299_919))
_NETWORK: Final = SimpleNamespace(name="Polygon", label="MATIC", explorer="polygonscan.com")
_TRANSACTION: Final = "https://polygonscan.com/tx/0x5e"
_COLLECTED: Final = SimpleNamespace(location_name="Gedung Merdeka", checked_in_at=_AT)
_BANK: Final = SimpleNamespace(name="BCA", app="BCA mobile", app_menu=("m-Transfer", "BCA Virtual Account"))


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
        options=_options(),
        transfers=_transfers(),
        tickets=[_ticket(1_042), _ticket(10_420), _ticket(104_200, _COLLECTED)],
    )


def _ticket(bib: int, pack: SimpleNamespace | None = None) -> SimpleNamespace:
    number = f"TIX-FR5K{bib:05}-01"
    who = {"name": "Budi Santoso", "category": "5K", "jersey_size": "M"}
    return SimpleNamespace(bib_number=bib, number=number, pack=pack, **who)


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
        stage="unpaid",
        is_payable=True,
        needs_proof=True,
        deadline=_AT,
        timeline=entries,
        registration=_REGISTRATION,
        event=_EVENT,
        way=_way("bank_transfer"),
        billing=SimpleNamespace(invoice=_INVOICE),
    )


def _way(method: str) -> SimpleNamespace:
    return SimpleNamespace(method=method, slug=method, guide=_BANK, bank="bca" if method == "midtrans_va" else None)


def _options() -> list[SimpleNamespace]:
    """Return a way to pay of every kind, of which one cannot be used."""
    obstacles = {"midtrans_qris": None, "midtrans_va": "too_late", "usdt": None, "bank_transfer": None, "qris": None}
    return [SimpleNamespace(way=_way(method), obstacle=reason) for method, reason in obstacles.items()]


def _transfers() -> list[SimpleNamespace]:
    """Return a transfer of USDT of every kind."""
    kinds = [("pending", "10.5", 12), ("pending", "10.5", None), ("confirmed", "21.03", 12), ("failed", "5", 12)]
    return [
        SimpleNamespace(
            amount=amount, name=_NETWORK, state=state, confirmations=3, needed=needed, at=_AT, link=_TRANSACTION
        )
        for state, amount, needed in [*kinds, ("pending", None, 12)]
    ]
