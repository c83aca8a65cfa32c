"""What payment answers about its settings, and how all of them are sent back with changes."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from web.upstream.client import Answer
from web.upstream.invoices import Instructions, QrisMerchant

TEXTS: Final = ("bank_name", "account_number", "account_holder_name", "payment_instructions")


class Reason(Answer):
    """Why a proof is refused, as the runner reads it in each language."""

    en: str
    id: str


class QrisCode(Answer):
    """What payment read from the QRIS picture. `dynamic`: for one payment; `confirmed`: by staff, as theirs."""

    merchant: str
    city: str
    nmid: str | None
    dynamic: bool
    confirmed: bool
    payload_sha256: str


class Settings(Instructions):
    """How runners pay, the hours for another proof after a refusal, and the reasons of refusals.

    Attributes:
        qris: None if no code was read from the picture.
        qris_problem: why, or why no amount can be put into the code, in each language; None if nothing is wrong.
        transfer_code: whether a unique code of up to three digits is added to the amount of a transfer, or taken off.
        second_check_from: amount from which two people have to verify; None for never.
        statement_auto_accept: whether sure lines of a statement are accepted at their import.
    """

    payment_deadline_hours: int
    rejection_reasons: tuple[Reason, ...]
    qris: QrisCode | None = None
    qris_problem: Mapping[str, str] | None = None
    transfer_code: str = "off"
    second_check_from: Decimal | None = None
    statement_auto_accept: bool = False

    @property
    def confirmed_merchant(self) -> QrisMerchant | None:
        """Return the merchant that runners see; None until it is confirmed."""
        if self.qris is None or not self.qris.confirmed:
            return None
        return QrisMerchant(name=self.qris.merchant, city=self.qris.city, nmid=self.qris.nmid)

    def with_changes(self, **changes: Any) -> Mapping[str, Any]:
        """Return all settings with changes, as payment replaces all. Those of the picture and the reasons stay."""
        now = {name: getattr(self, name) for name in (*TEXTS, "payment_deadline_hours")}
        return {**now, **changes}
