"""What payment answers about its settings, and how all of them are sent back with changes."""

from collections.abc import Mapping
from typing import Any, Final

from web.upstream.client import Answer
from web.upstream.invoices import Instructions

TEXTS: Final = ("bank_name", "account_number", "account_holder_name", "payment_instructions")


class Reason(Answer):
    """Why a proof is refused, as the runner reads it in each language."""

    en: str
    id: str


class Settings(Instructions):
    """How runners pay, the hours for another proof after a refusal, and the reasons of refusals."""

    payment_deadline_hours: int
    rejection_reasons: tuple[Reason, ...]

    def with_changes(self, **changes: Any) -> Mapping[str, Any]:
        """Return all settings with changes, as payment replaces all. The picture and the reasons stay by themselves."""
        now = {name: getattr(self, name) for name in (*TEXTS, "payment_deadline_hours")}
        return {**now, **changes}
