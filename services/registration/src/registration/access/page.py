"""The plain page behind a link: the status of a registration or waiting list entry."""

from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.web.models import Amount, View
from chassis.wording import Language, Wording
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from registration.access.queries import Opened

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; img-src 'self'; base-uri 'none'; form-action 'none'",
    "Vary": "Accept, Accept-Language",
}

_pages = Environment(
    loader=PackageLoader("registration.access", "pages"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

STANDINGS = {
    "pending_payment": Wording(en="Waiting for your payment", id="Menunggu pembayaran Anda"),
    "overdue": Wording(en="The time to pay is over", id="Batas waktu pembayaran sudah lewat"),
    "payment_uploaded": Wording(en="Your proof of payment is being checked", id="Bukti pembayaran sedang diperiksa"),
    "payment_verified": Wording(en="Paid: your place is yours", id="Lunas: tempat Anda sudah pasti"),
    "expired": Wording(en="Expired: it was not paid in time", id="Kedaluwarsa: tidak dibayar tepat waktu"),
    "cancelled": Wording(en="Cancelled", id="Dibatalkan"),
    "waiting": Wording(en="On the waiting list", id="Di daftar tunggu"),
    "offered": Wording(en="A place is held for you", id="Ada tempat untuk Anda"),
    "accepted": Wording(en="The place was taken", id="Tempat sudah diambil"),
    "withdrawn": Wording(en="Left the waiting list", id="Keluar dari daftar tunggu"),
    "closed": Wording(en="The waiting list is closed", id="Daftar tunggu ditutup"),
}

_WORDS = {
    "number": Wording(en="Registration number", id="Nomor pendaftaran"),
    "race": Wording(en="Race", id="Lomba"),
    "category": Wording(en="Category", id="Kategori"),
    "day": Wording(en="Day", id="Tanggal"),
    "place": Wording(en="Place", id="Tempat"),
    "amount": Wording(en="Amount", id="Jumlah"),
    "until": Wording(en="Pay before", id="Bayar sebelum"),
    "was_until": Wording(en="Deadline", id="Batas waktu"),
    "do_not_pay": Wording(
        en="The deadline has passed: do not pay now, a proof of payment would be refused. "
        "If you have paid already, ask the organiser.",
        id="Batas waktu sudah lewat: jangan membayar sekarang, bukti pembayaran akan ditolak. "
        "Jika Anda sudah membayar, hubungi panitia.",
    ),
    "offered_until": Wording(en="Accept before", id="Terima sebelum"),
    "pay": Wording(en="How to pay: account and instructions", id="Cara membayar: rekening dan petunjuk"),
    "qris": Wording(en="QRIS code of the organiser", id="Kode QRIS panitia"),
    "dead": Wording(en="This link does not work any more", id="Tautan ini sudah tidak berlaku"),
    "ask_again": Wording(
        en="Open the newest message from us, or ask the organiser for a new link.",
        id="Buka pesan terbaru dari kami, atau minta tautan baru kepada panitia.",
    ),
    "runners": Wording(en="Runners", id="Peserta"),
    "ticket": Wording(en="E-ticket QR code", id="Kode QR e-tiket"),
    "keep": Wording(
        en="Keep this link to yourself: it opens your registration.",
        id="Simpan tautan ini untuk Anda sendiri: tautan ini membuka pendaftaran Anda.",
    ),
}


class Runner(View):
    """A participant. BIB and ticket image are None until the payment is verified."""

    full_name: str
    bib_number: int | None
    ticket_url: str | None


class StatusFacts(View):
    """The content of the page. `overdue` is whether the deadline to pay, or to accept an offer, has passed."""

    registration_id: UUID
    registration_number: str | None
    status: str
    event_name: str
    event_date: date
    location: str
    timezone: str
    category_name: str
    total_amount: Amount | None
    currency: str
    until: datetime | None
    overdue: bool
    participants: list[Runner]


_REGISTRATION = text("""
    SELECT r.id AS registration_id, r.registration_number, r.status, r.total_amount, r.currency,
           CASE WHEN r.status = 'pending_payment' THEN r.expires_at END AS until,
           e.name AS event_name, e.event_date, e.location, e.timezone, c.name AS category_name
      FROM registrations r JOIN race_categories c ON c.id = r.race_category_id JOIN events e ON e.id = r.event_id
     WHERE r.id = :id
""")
_PLACE_IN_LINE = text("""
    SELECT w.id AS registration_id, NULL AS registration_number, w.status, NULL AS total_amount, c.currency,
           CASE WHEN w.status = 'offered' THEN w.offer_expires_at END AS until,
           e.name AS event_name, e.event_date, e.location, e.timezone, c.name AS category_name
      FROM waitlist_entries w JOIN race_categories c ON c.id = w.race_category_id JOIN events e ON e.id = w.event_id
     WHERE w.id = :id
""")
_RUNNERS = text("""
    SELECT full_name, CASE WHEN live THEN bib_number END AS bib_number,
           CASE WHEN live THEN ticket_code END AS ticket_code
      FROM participants WHERE registration_id = :id ORDER BY position
""")
_RUNNERS_IN_LINE = text("""
    SELECT full_name, NULL AS bib_number, NULL AS ticket_code
      FROM waitlist_participants WHERE entry_id = :id ORDER BY position
""")


async def facts_of(session: AsyncSession, opened: Opened, *, now: datetime) -> StatusFacts:
    """Return the content of the page of a registration or waiting list entry at `now`."""
    about, runners = (_REGISTRATION, _RUNNERS) if opened.registered else (_PLACE_IN_LINE, _RUNNERS_IN_LINE)
    values = {"id": opened.registration_id}
    row = (await session.execute(about, values)).mappings().one()
    people = (await session.execute(runners, values)).all()
    return StatusFacts.model_validate(
        {
            **row,
            "overdue": row["until"] is not None and row["until"] < now,
            "participants": [Runner(**_runner(*person)) for person in people],
        },
    )


def _runner(full_name: str, bib_number: int | None, ticket_code: str | None) -> dict[str, Any]:
    ticket = f"/api/registration/v1/tickets/{ticket_code}.svg" if ticket_code else None
    return {"full_name": full_name, "bib_number": bib_number, "ticket_url": ticket}


def rendered(facts: StatusFacts, language: Language) -> str:
    """Return the page in that language."""
    return _pages.get_template("status.html").render(
        facts=facts,
        language=language.value,
        words={name: wording.said(language) for name, wording in _WORDS.items()},
        standing=_standing(facts).said(language),
        until=_moment(facts.until, facts.timezone),
        amount=_money(facts, language),
    )


def _standing(facts: StatusFacts) -> Wording:
    return STANDINGS["overdue" if facts.overdue and facts.status == "pending_payment" else facts.status]


def rendered_dead_link(language: Language) -> str:
    """Return the page for an invalid link."""
    words = {name: wording.said(language) for name, wording in _WORDS.items()}
    return _pages.get_template("dead.html").render(language=language.value, words=words)


def _money(facts: StatusFacts, language: Language) -> str | None:
    if facts.total_amount is None:
        return None
    figures = f"{facts.total_amount:,.2f}".removesuffix(".00")
    if language is Language.INDONESIAN:
        figures = figures.translate(str.maketrans(",.", ".,"))
    return (
        f"Rp{figures}" if facts.currency == "IDR" and language is Language.INDONESIAN else f"{facts.currency} {figures}"
    )


def _moment(moment: datetime | None, zone: str) -> str | None:
    return None if moment is None else f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %Z}"
