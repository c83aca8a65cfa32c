"""The driver through which tests use price phases and promo codes."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from contracts import RegistrationCreated
from registration import consistency
from testkit.driver import Answer, Headers

from .registration_driver import RegistrationDriver


@dataclass
class PricesDriver:
    """Uses the prices of the driver's category, which costs 150,000 for a runner alone."""

    driver: RegistrationDriver

    # --- staff

    async def try_create_phase(self, **fields: Any) -> Answer:
        """Create a phase of the category."""
        path = f"/categories/{self.driver.category['id']}/price-phases"
        body = {"name": "Early bird", "price_individual": "100000", **fields}
        return await self.driver.call("POST", path, by=self.driver.staff(), json=body)

    async def create_phase(self, **fields: Any) -> dict[str, Any]:
        """Create a phase, at 100,000 for a runner alone and for a week unless told otherwise; return it."""
        if "max_participants" not in fields:
            fields = {"ends_at": self.in_days(7), **fields}
        made: dict[str, Any] = (await self.try_create_phase(**fields)).require(201)
        return made

    def in_days(self, days: float) -> str:
        """Return a time so many days from now."""
        return (self.driver.clock() + timedelta(days=days)).isoformat()

    async def try_change_phase(self, phase: dict[str, Any], **fields: Any) -> Answer:
        """Change a phase."""
        return await self.driver.call("PATCH", f"/price-phases/{phase['id']}", by=self.driver.staff(), json=fields)

    async def phases(self) -> list[dict[str, Any]]:
        """Return the phases of the category as staff see them."""
        path = f"/categories/{self.driver.category['id']}/price-phases"
        items: list[dict[str, Any]] = (await self.driver.call("GET", path, by=self.driver.staff())).require(200)[
            "items"
        ]
        return items

    async def try_create_code(self, code: str = "LARI20", *, by: Headers | None = None, **fields: Any) -> Answer:
        """Create a promo code of the category."""
        body = {"category_id": self.driver.category["id"], "code": code, "kind": "percent", "value": "20", **fields}
        return await self.driver.call("POST", "/promo-codes", by=by or self.driver.staff(), json=body)

    async def create_code(self, code: str = "LARI20", **fields: Any) -> dict[str, Any]:
        """Create a promo code of the category, for a fifth of the price unless told otherwise; return it."""
        made: dict[str, Any] = (await self.try_create_code(code, **fields)).require(201)
        return made

    async def create_access_code(self, code: str = "MEMBER", **fields: Any) -> dict[str, Any]:
        """Create a code that only grants access; return it."""
        return await self.create_code(code, **{"kind": "access", "value": "0", **fields})

    async def create_personal_codes(self, count: int, **fields: Any) -> list[dict[str, Any]]:
        """Create random codes of the category; return them."""
        body = {"category_id": self.driver.category["id"], "kind": "percent", "value": "100", "count": count, **fields}
        answer = await self.driver.call("POST", "/promo-codes/bulk", by=self.driver.staff(), json=body)
        items: list[dict[str, Any]] = answer.require(201)["items"]
        return items

    async def try_change_code(self, promo: dict[str, Any], **fields: Any) -> Answer:
        """Change a promo code."""
        return await self.driver.call("PATCH", f"/promo-codes/{promo['id']}", by=self.driver.staff(), json=fields)

    async def change_code(self, promo: dict[str, Any], **fields: Any) -> dict[str, Any]:
        """Change a promo code; return it."""
        changed: dict[str, Any] = (await self.try_change_code(promo, **fields)).require(200)
        return changed

    async def codes(self, **query: Any) -> list[dict[str, Any]]:
        """Return promo codes as staff see them, newest first."""
        answer = await self.driver.call("GET", "/promo-codes", by=self.driver.staff(), params=query)
        items: list[dict[str, Any]] = answer.require(200)["items"]
        return items

    async def uses(self, limited: dict[str, Any]) -> tuple[int, int]:
        """Return the uses of a limited promo code or phase, within its limit and beyond."""
        query = "SELECT used, beyond FROM promo_uses WHERE id = CAST(:id AS uuid)"
        [row] = await self.driver.rows(query, id=limited["id"])
        return row["used"], row["beyond"]

    # --- runners

    async def shown(self) -> dict[str, Any]:
        """Return the category as the public sees it now."""
        self.driver.clock.advance(timedelta(seconds=1))  # past the cache
        event = (await self.driver.call("GET", f"/events/{self.driver.event['slug']}")).require(200)
        [category] = [each for each in event["categories"] if each["id"] == self.driver.category["id"]]
        found: dict[str, Any] = category
        return found

    async def check(self, code: str, *, group: str = "individual", **query: Any) -> Answer:
        """Ask what a registration with this code would cost."""
        asked = {"category_id": self.driver.category["id"], "code": code, "registration_type": group, **query}
        return await self.driver.call("GET", "/promo-codes/check", params=asked)

    async def created(self) -> RegistrationCreated:
        """Return the newest event of a registration that was created."""
        return (await self.driver.published(RegistrationCreated))[-1].payload

    # --- invariants

    async def assert_consistent(self) -> None:
        """Counters agree with registrations and offers, and places with participants."""
        async with self.driver.database.read() as session:
            assert [row._asdict() for row in await consistency.wrong_uses(session)] == []
            assert [row._asdict() for row in await consistency.wrong_places(session)] == []
