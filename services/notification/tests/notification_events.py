"""Builders of the events that notification subscribes to."""

import secrets
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from contracts import (
    AccessCode,
    AccessLink,
    AccessLinksRequested,
    AccessReplaced,
    CategoryName,
    ConfirmedParticipant,
    ContactKind,
    CorrectedParticipant,
    EventSummary,
    JerseySize,
    PaymentMethod,
    PaymentRejected,
    PaymentUploaded,
    RaceChanged,
    RegisteredParticipant,
    RegistrationCancelled,
    RegistrationConfirmed,
    RegistrationCorrected,
    RegistrationCreated,
    RegistrationExpired,
    RegistrationReopened,
    RegistrationType,
    WaitlistJoined,
    WaitlistOffered,
)

RACE = EventSummary(
    event_id=uuid4(),
    name="Lari Pagi Jakarta",
    event_date=date(2027, 3, 7),
    location="Monas",
    timezone="Asia/Jakarta",
    revision=1,
)
TEN_K = uuid4()


@dataclass(frozen=True)
class Entry:
    """A registration, and the events about it."""

    id: UUID
    number: str
    runners: tuple[RegisteredParticipant, ...]
    amount: Decimal
    expires_at: datetime

    @property
    def codes(self) -> dict[UUID, str]:
        """The ticket code of each runner."""
        return {runner.participant_id: runner.participant_id.hex for runner in self.runners}

    @property
    def pic(self) -> RegisteredParticipant:
        """The person in charge."""
        return next(runner for runner in self.runners if runner.is_pic)

    def created(self, **more: Any) -> RegistrationCreated:
        """Return the event of places that are held."""
        fields: dict[str, Any] = {
            "registration_id": self.id,
            "registration_number": self.number,
            "revision": 1,
            "event": RACE,
            "category_id": TEN_K,
            "category_name": "10K",
            "registration_type": RegistrationType.INDIVIDUAL,
            "total_participants": len(self.runners),
            "total_amount": self.amount,
            "currency": "IDR",
            "expires_at": self.expires_at,
            "participants": self.runners,
        }
        return RegistrationCreated(**{**fields, **more})

    def uploaded(self, *, at: datetime, payment_id: UUID | None = None, sequence: int = 0) -> PaymentUploaded:
        """Return the event of a proof that was uploaded."""
        return PaymentUploaded(
            payment_id=payment_id or uuid4(),
            registration_id=self.id,
            amount=self.amount,
            currency="IDR",
            payment_method=PaymentMethod.QRIS,
            uploaded_at=at,
            sequence=sequence,
        )

    def rejected(
        self, *, at: datetime, reason: str = "Buram", payment_id: UUID | None = None, sequence: int = 0, hours: int = 24
    ) -> PaymentRejected:
        """Return the event of a refused proof; `hours` are left to upload another."""
        return PaymentRejected(
            payment_id=payment_id or uuid4(),
            registration_id=self.id,
            amount=self.amount,
            currency="IDR",
            reason=reason,
            rejected_at=at,
            expires_at=at + timedelta(hours=hours),
            sequence=sequence,
        )

    def code(self, version: int = 1) -> AccessCode:
        """Return the access code of that version."""
        return AccessCode(version=version, code=f"code{version}{self.id.hex}")

    def link(self, version: int = 1, *, number: str | None = "") -> AccessLink:
        """Return this registration as a request for links has it; without a number, a place on the waiting list."""
        return AccessLink(
            registration_id=self.id,
            registration_number=self.number if number == "" else number,
            participant_name=self.pic.full_name,
            event_name=RACE.name,
            category_name="10K",
            access=self.code(version),
        )

    def corrected(self, who: RegisteredParticipant, *, revision: int, **fields: Any) -> RegistrationCorrected:
        """Return the event of changed data of one runner."""
        participant = CorrectedParticipant(**{**who.model_dump(), **fields}, jersey_size=JerseySize.M)
        return RegistrationCorrected(
            registration_id=self.id,
            registration_number=self.number,
            revision=revision,
            participant=participant,
            changed=tuple(fields),
            confirmed=False,
        )

    def confirmed(self, *, revision: int = 3, **more: Any) -> RegistrationConfirmed:
        """Return the event of the confirmation: every runner has a BIB."""
        return RegistrationConfirmed(
            registration_id=self.id,
            registration_number=self.number,
            revision=revision,
            event=more.get("event", RACE),
            category_id=TEN_K,
            category_name=more.get("category_name", "10K"),
            payment_id=uuid4(),
            participants=tuple(
                ConfirmedParticipant(
                    participant_id=runner.participant_id,
                    full_name=runner.full_name,
                    bib_number=1000 + place,
                    ticket_code=self.codes[runner.participant_id],
                    jersey_size=JerseySize.M,
                    is_pic=runner.is_pic,
                )
                for place, runner in enumerate(self.runners)
            ),
        )

    def expired(
        self, *, revision: int = 2, refund: UUID | None = None, sequence: int | None = None
    ) -> RegistrationExpired:
        """Return the event of an expiry; `sequence` is of payment's newest event that registration had handled."""
        return RegistrationExpired(
            registration_id=self.id,
            registration_number=self.number,
            revision=revision,
            refund_payment_id=refund,
            payment_sequence=sequence,
        )

    def reopened(
        self, *, revision: int, sequence: int = 1, expires_at: datetime | None = None, awaits: bool = False
    ) -> RegistrationReopened:
        """Return the event of places that are held again."""
        return RegistrationReopened(
            registration_id=self.id,
            registration_number=self.number,
            revision=revision,
            expires_at=expires_at or self.expires_at,
            awaits_payment=awaits,
            payment_sequence=sequence,
        )

    def cancelled(self, *, revision: int = 2, refund: UUID | None = None) -> RegistrationCancelled:
        """Return the event of a cancellation by staff."""
        return RegistrationCancelled(
            registration_id=self.id,
            registration_number=self.number,
            revision=revision,
            reason="Data ganda",
            refund_payment_id=refund,
        )


def runner(full_name: str = "Budi Santoso", *, is_pic: bool = True, **more: Any) -> RegisteredParticipant:
    """Return a participant as registration's events have them."""
    fields: dict[str, Any] = {
        "participant_id": uuid4(),
        "full_name": full_name,
        "email": f"runner{secrets.randbelow(10**9)}@example.com",
        "whatsapp": f"62812{secrets.randbelow(10**8):08d}",
        "is_pic": is_pic,
    }
    return RegisteredParticipant(**{**fields, **more})


def joined(entry: Entry, *, position: int = 3, revision: int = 0, **contact: Any) -> WaitlistJoined:
    """Return the event of an entry of the waiting list that may become `entry`, with these data of its contact."""
    return WaitlistJoined(
        registration_id=entry.id,
        event=RACE,
        category_id=TEN_K,
        category_name="10K",
        registration_type=RegistrationType.INDIVIDUAL,
        total_participants=1,
        position=position,
        joined_at=entry.expires_at - timedelta(days=1),
        contact=entry.pic.model_copy(update=contact),
        access=entry.code(),
        revision=revision,
    )


def offered(entry: Entry, *, hours: float = 12) -> WaitlistOffered:
    """Return the event of the offer that may become `entry`, open for `hours` from when the entry was made."""
    return WaitlistOffered(
        registration_id=entry.id,
        event=RACE,
        category_id=TEN_K,
        category_name="10K",
        registration_type=RegistrationType.INDIVIDUAL,
        total_participants=1,
        total_amount=Decimal("150000.00"),
        currency="IDR",
        offer_expires_at=entry.expires_at - timedelta(days=1) + timedelta(hours=hours),
        contact=entry.pic,
    )


def revised(revision: int, **fields: Any) -> EventSummary:
    """Return the race after changes."""
    return RACE.model_copy(update={"revision": revision, **fields})


MOVED = revised(2, name="Lari Malam Jakarta", event_date=date(2027, 4, 4), location="Istora")


def changed(event: EventSummary, *, notify: bool = False, category: str = "10K") -> RaceChanged:
    """Return the event of a changed race; with `notify` its confirmed runners get a message."""
    name = CategoryName(category_id=TEN_K, name=category)
    return RaceChanged(event=event, categories=(name,), changed=("location",), notify_runners=notify)


def replaced(entry: Entry, version: int) -> AccessReplaced:
    """Return the event of a new access code."""
    return AccessReplaced(registration_id=entry.id, access=entry.code(version))


def requested(*entries: Entry, contact: str, kind: ContactKind = ContactKind.EMAIL) -> AccessLinksRequested:
    """Return the event of a request for the links of these registrations."""
    links = tuple(entry.link() for entry in entries)
    return AccessLinksRequested(request_id=uuid4(), kind=kind, contact=contact, links=links)
