"""Refusals of the review."""

from datetime import datetime
from typing import Self
from uuid import UUID

from chassis.errors import StartlineError

from payment.proofs.errors import UnknownPayment

__all__ = ["AlreadyDecided", "NothingToUndo", "UnknownPayment"]


class AlreadyDecided(StartlineError):
    """This payment was verified or rejected already."""

    code = "already_decided"
    indonesian = "Pembayaran ini sudah diverifikasi atau ditolak."

    @classmethod
    def of(cls, outcome: str, *, by: UUID, at: datetime, until: datetime | None) -> Self:
        """Return the error with the decision: who made it, when, and when it takes effect if it is held."""
        return cls(
            decision=outcome,
            decided_by=str(by),
            decided_at=at.isoformat(),
            takes_effect_at=until.isoformat() if until else None,
        )


class NothingToUndo(StartlineError):
    """There is no decision that can still be undone: its time is over, or it was undone already."""

    code = "nothing_to_undo"
    indonesian = "Tidak ada keputusan yang masih bisa dibatalkan: waktunya sudah lewat, atau sudah dibatalkan."
