"""Staff behind the pages: they verify proofs, and know what is stored."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from standalone.journey.checks import eventually
from standalone.journey.client import StaffMember


@dataclass(frozen=True)
class Desk:
    """The owner, who may do everything."""

    staff: StaffMember

    async def registrations_of(self, words: str) -> Sequence[dict[str, Any]]:
        """Return the registrations that a search finds, for an address or a number."""
        found = await self.staff.call("GET", "/registration/v1/registrations", params={"q": words})
        return list(found["items"])

    async def ticket_codes(self, number: str) -> set[str]:
        """Return the codes of the registration's tickets."""
        [found] = await self.registrations_of(number)
        path = f"/registration/v1/registrations/{found['registration_id']}/tickets"
        return {ticket["ticket_code"] for ticket in await self.staff.call("GET", path)}

    async def verifies(self, number: str) -> None:
        """Wait for the proof of a registration, verify it, and wait for its tickets."""

        async def verified() -> bool:
            path = "/payment/v1/payments?status=uploaded&limit=200"
            waiting = (await self.staff.call("GET", path))["items"]
            theirs = [each["payment_id"] for each in waiting if each["registration_number"] == number]
            for payment_id in theirs:
                await self.staff.verify(payment_id)
            return bool(theirs)

        async def confirmed() -> bool:
            [found] = await self.registrations_of(number)
            return bool(found["status"] == "payment_verified")

        await eventually(verified, f"the proof of {number}")
        await eventually(confirmed, f"the tickets of {number}")
