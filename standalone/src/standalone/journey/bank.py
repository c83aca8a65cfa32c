"""The organiser's bank account: transfers, the statements that finance import, and the reconciliation at the end."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from secrets import randbelow
from typing import Any, Final

from standalone.journey.checks import eventually, expect
from standalone.journey.client import Buyer, Site, StaffMember

SETTINGS: Final = {
    "bank_name": "Bank Nusantara",
    "account_number": "1234567890",
    "account_holder_name": "Panitia Jakarta Fun Run",
    "payment_instructions": "Scan the QRIS code or transfer the exact amount, then upload the receipt.",
    "payment_deadline_hours": 24,
}
"""How runners pay by themselves: the account, and what is written beside it."""

_JAKARTA: Final = timedelta(hours=7)
_QRIS_FEE: Final = Decimal("0.007")
"""What an acquirer keeps of QRIS payments of larger businesses."""


@dataclass
class BankDesk:
    """An account at a bank, as finance see it.

    Attributes:
        opening: the balance before the first line, in rupiah; another for each race on one platform.
        day: of all lines, in Jakarta.
        movements: text and signed amount, in rupiah, of all lines so far. A statement has all of them.
    """

    site: Site
    finance: StaffMember
    opening: Decimal = field(default_factory=lambda: Decimal(10_000_000 + randbelow(10**6)))
    day: str = field(default_factory=lambda: (datetime.now(UTC) + _JAKARTA).strftime("%d/%m/%Y"))
    movements: list[tuple[str, Decimal]] = field(default_factory=list)

    async def transfer(self, buyer: Buyer) -> str:
        """Let a runner transfer the unique amount without saying who it is from. Return what to report."""
        path = f"/payment/v1/invoices/{buyer.entry['registration_id']}/transfer"
        await eventually(buyer.has_invoice, f"the invoice of {buyer.entry['registration_number']}")
        asked = (await self.site.call("POST", path, token=buyer.token)).json()
        expect(asked["unique_code"] is not None, "a transfer got no unique amount")
        self.movements.append(("TRSF E-BANKING CR LARI PAGI", Decimal(asked["payable_amount"])))
        await self.accept(buyer)
        number, price = buyer.entry["registration_number"], Decimal(buyer.entry["total_amount"])
        return f"{number} transferred Rp {Decimal(asked['payable_amount']):,.0f} for Rp {price:,.0f} and was recognised"

    async def transfer_late(self, buyer: Buyer) -> str:
        """Let money arrive for a registration that has ended, and give it back. Return what to report."""
        number, amount = buyer.entry["registration_number"], Decimal(buyer.entry["total_amount"])
        self.movements.append((f"TRSF E-BANKING CR {number}", amount))
        payment_id = await self.accept(buyer)
        await eventually(lambda: self._refund_of(payment_id), f"the refund for {number}")
        refund = await self._refund_of(payment_id)
        reference = f"TRSF {number}"
        path = f"/payment/v1/refunds/{refund['refund_id']}/done"
        await self.finance.call("POST", path, json={"reference": reference}, expect=204)
        await self.send_back(reference, amount, refund_id=refund["refund_id"])
        return f"{number} paid after its end: recognised, no place left, and Rp {amount:,.0f} given back"

    async def _refund_of(self, payment_id: str) -> Any:
        found = (await self.finance.call("GET", f"/payment/v1/refunds?payment_id={payment_id}"))["items"]
        return found[0] if found else None

    async def accept(self, buyer: Buyer) -> str:
        """Import the statement and accept what it proposes for a registration. Return the payment's id."""
        line = await self._newest_line()
        proposed = [each["registration_id"] for each in line["proposals"]]
        registration_id = buyer.entry["registration_id"]
        expect(registration_id in proposed, f"the line of {buyer.entry['registration_number']} was not recognised")
        path, body = f"/payment/v1/statement-lines/{line['id']}/accept", {"registration_id": registration_id}
        return str((await self.finance.call("POST", path, json=body))["payment_id"])

    async def send_back(self, text: str, amount: Decimal, **of: str) -> None:
        """Import the line of a transfer that gave money back, and say of which refund it is."""
        self.movements.append((text, -amount))
        line = await self._newest_line()
        await self.finance.call("POST", f"/payment/v1/statement-lines/{line['id']}/refund", json=of, expect=204)

    async def settle(self, payments: Sequence[dict[str, Any]]) -> str:
        """Let the statement show the verified proofs: each transfer, and QRIS as one sum. Return what to report."""
        for payment in payments:
            if payment["payment_method"] == "bank_transfer":
                self.movements.append((f"TRSF {payment['registration_number']}", Decimal(payment["amount"])))
                path = f"/payment/v1/statement-lines/{(await self._newest_line())['id']}/accept"
                await self.finance.call("POST", path, json={"registration_id": payment["registration_id"]})
        gross = sum(Decimal(each["amount"]) for each in payments if each["payment_method"] == "qris")
        fee = (gross * _QRIS_FEE).quantize(Decimal(1))
        self.movements.append((f"KR OTOMATIS MID : 000885012 PANITIA QR : {gross:.2f} DDR : {fee:.2f}", gross - fee))
        path = f"/payment/v1/statement-lines/{(await self._newest_line())['id']}/payout"
        await self.finance.call("POST", path, json={"channel": "qris", "fee": f"{fee:.2f}"}, expect=204)
        return f"the statement shows every transfer, and Rp {gross:,.0f} of QRIS less a fee of Rp {fee:,.0f}"

    async def _newest_line(self) -> Any:
        """Import the statement and return the line that it has added."""
        added = await self.finance.call(
            "POST", "/payment/v1/statements", files={"file": ("mutasi.csv", self._csv(), "text/csv")}, expect=201
        )
        path = f"/payment/v1/statements/{added['statement_id']}/lines"
        [line] = (await self.finance.call("GET", path))["items"]
        return line

    def _csv(self) -> bytes:
        """Return the statement as BCA exports it. It adds up."""
        day, balance, lines = self.day, self.opening, []
        for text, amount in self.movements:
            balance += amount
            lines.append(f'{day},"{text}",0000,"{abs(amount):,.2f} {"CR" if amount > 0 else "DB"}","{balance:,.2f}"')
        head = (
            f"Periode : {day} - {day}",
            "Kode Mata Uang : Rp",
            "Tanggal Transaksi,Keterangan,Cabang,Jumlah,Saldo",
        )
        foot = (f'"Saldo Awal : {self.opening:,.2f}"', f'"Saldo Akhir : {balance:,.2f}"')
        return "\n".join((*head, *lines, *foot)).encode()

    async def reconcile(self) -> str:
        """Check that nothing differs, and that the financial report equals the ledger. Return what to report."""
        found = await self.finance.call("POST", "/payment/v1/reconciliation", expect=201)
        differing = [item for each in found["channels"] for item in each["items"] if item["severity"] == "difference"]
        expect(found["differences"] == 0, f"the reconciliation found {differing}")
        [total] = (await self.finance.call("GET", "/payment/v1/reports/financial?group_by=channel"))["totals"]
        accounts = (await self.finance.call("GET", "/payment/v1/ledger/balances"))["accounts"]
        balances = {each["account"]: Decimal(each["balance"]) for each in accounts}
        names = ("received", "refunds", "fees", "rounding")
        received, refunds, fees, rounding = (Decimal(total[name]) for name in names)
        expect(received - refunds == -balances["runners"], f"the report differs from the ledger: {total}, {balances}")
        expect(fees == balances["fees"], f"the report has fees of {fees}, the ledger {balances['fees']}")
        expect(rounding == -balances.get("rounding", Decimal(0)), f"the report rounds by {rounding}: {balances}")
        net = Decimal(total["net"])
        return f"reconciled with no difference; report and ledger agree: Rp {net:,.0f} are the organiser's"
