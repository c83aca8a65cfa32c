"""Finance with bank statements: uploads them, and decides about their lines."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from testkit.driver import Answer, Headers

from .payment_driver import PRICE, PaymentDriver
from .payment_events import Entry
from .statements.rendering import Sheet, bca, sheet

JAKARTA = ZoneInfo("Asia/Jakarta")


class Bank:
    """The organiser's account: transfers arrive in it, and its statements are uploaded."""

    def __init__(self, driver: PaymentDriver) -> None:
        self.driver = driver
        self._movements: list[tuple[date, Decimal, str]] = []

    @property
    def today(self) -> date:
        """Return the day in Jakarta."""
        return self.driver.clock().astimezone(JAKARTA).date()

    def receives(self, text: str, amount: Decimal = PRICE, *, on: date | None = None) -> None:
        """Let a transfer arrive, today if no day is given, or leave if its amount is negative."""
        self._movements.append((on or self.today, amount, text))

    def receives_for(self, *entries: Entry) -> None:
        """Let a transfer arrive for each registration, with its number in the text."""
        for entry in entries:
            self.receives(f"TRSF E-BANKING CR {entry.number} {entry.payer.upper()}", entry.amount)

    def sheet(self) -> Sheet:
        """Return all movements so far."""
        return sheet(Decimal("1000000.00"), self._movements)

    async def try_upload(self, file: str | bytes | None = None, *, by: Headers | None = None, **form: Any) -> Answer:
        """Upload a statement, by default that of KlikBCA with all movements so far."""
        content = bca(self.sheet()) if file is None else file
        return await self.driver.call(
            "POST",
            "/statements",
            by=by or self.driver.finance,
            data=form,
            files={"file": ("mutasi.csv", content.encode() if isinstance(content, str) else content, "text/csv")},
        )

    async def upload(self, file: str | bytes | None = None, **form: Any) -> dict[str, Any]:
        """Upload a statement and return what it added."""
        added: dict[str, Any] = (await self.try_upload(file, **form)).require(201)
        return added

    async def lines(self, imported: dict[str, Any], **params: str | int) -> list[dict[str, Any]]:
        """Return the lines that a statement added."""
        path = f"/statements/{imported['statement_id']}/lines"
        answer = await self.driver.call("GET", path, by=self.driver.finance, params=params)
        items: list[dict[str, Any]] = answer.require(200)["items"]
        return items

    async def uploaded_lines(self) -> Sequence[UUID]:
        """Upload all movements so far and return the ids of the lines that this adds, in the order of the file."""
        return [UUID(each["id"]) for each in await self.lines(await self.upload())]

    async def try_accept(self, line: UUID, entry: Entry | UUID, *, by: Headers | None = None) -> Answer:
        """Accept a line for a registration."""
        registration = entry.id if isinstance(entry, Entry) else entry
        return await self._decide(line, "accept", by=by, registration_id=str(registration))

    async def accept(self, line: UUID, entry: Entry) -> dict[str, Any]:
        """Accept a line for a registration; return what it became."""
        accepted: dict[str, Any] = (await self.try_accept(line, entry)).require(200)
        return accepted

    async def try_accept_sum(self, line: UUID, *entries: Entry) -> Answer:
        """Accept a line for several registrations."""
        return await self._decide(line, "accept", registration_ids=[str(entry.id) for entry in entries])

    async def candidates(self, payment: UUID) -> list[dict[str, Any]]:
        """Return the lines that may be the money of a payment."""
        answer = await self.driver.call("GET", f"/payments/{payment}/lines", by=self.driver.finance)
        items: list[dict[str, Any]] = answer.require(200)["items"]
        return items

    async def try_confirm(self, payment: UUID, line: UUID, *, by: Headers | None = None, **body: Any) -> Answer:
        """Verify a payment by a line."""
        path, sent = f"/payments/{payment}/lines/{line}/confirm", {"json": body} if body else {}
        return await self.driver.call("POST", path, by=by or self.driver.finance, **sent)

    async def line(self, line: UUID) -> dict[str, Any]:
        """Return a line."""
        answer = await self.driver.call("GET", f"/statement-lines/{line}", by=self.driver.finance)
        body: dict[str, Any] = answer.require(200)
        return body

    async def try_ignore(self, line: UUID, reason: str = "own transfer") -> Answer:
        """Ignore a line."""
        return await self._decide(line, "ignore", reason=reason)

    async def try_keep(self, line: UUID) -> Answer:
        """Keep a line as money of an unknown owner."""
        return await self._decide(line, "keep")

    async def try_payout(self, line: UUID, *, channel: str, fee: str) -> Answer:
        """Say that a line is a payout of a channel."""
        return await self._decide(line, "payout", channel=channel, fee=fee)

    async def try_undo(self, line: UUID, reason: str = "the wrong line", **body: Any) -> Answer:
        """Take back what was decided about a line."""
        return await self._decide(line, "undo", reason=reason, **body)

    async def _decide(self, line: UUID, decision: str, *, by: Headers | None = None, **body: Any) -> Answer:
        path = f"/statement-lines/{line}/{decision}"
        return await self.driver.call("POST", path, by=by or self.driver.finance, **({"json": body} if body else {}))

    async def balances(self) -> dict[str, str]:
        """Return the balances of the ledger's accounts."""
        answer = await self.driver.call("GET", "/ledger/balances", by=self.driver.finance)
        return {each["account"]: each["balance"] for each in answer.require(200)["accounts"]}

    async def kept(self) -> list[dict[str, Any]]:
        """Return the money that no invoice took."""
        items: list[dict[str, Any]] = (await self.driver.call("GET", "/surplus", by=self.driver.finance)).require(200)[
            "items"
        ]
        return items

    async def states(self) -> list[str]:
        """Return the states of all lines, sorted."""
        return sorted(row["state"] for row in await self.driver.rows("SELECT state FROM statement_lines"))
