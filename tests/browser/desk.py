"""Staff behind the pages: they verify proofs, and know what is stored."""

from collections.abc import Mapping, Sequence
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

    async def numbers_of(self, form: Mapping[str, Any]) -> Sequence[str]:
        """Return the numbers of the registrations in which the first runner of a form is."""
        found = await self.registrations_of(form["participants"][0]["email"])
        return [str(each["registration_number"]) for each in found]

    async def ticket_codes(self, number: str) -> set[str]:
        """Return the codes of the registration's tickets."""
        [found] = await self.registrations_of(number)
        path = f"/registration/v1/registrations/{found['registration_id']}/tickets"
        return {ticket["ticket_code"] for ticket in await self.staff.call("GET", path)}

    async def terms_accepted(self, number: str) -> bool:
        """Return whether the registration says that rules and privacy notice were accepted."""
        [found] = await self.registrations_of(number)
        path = f"/registration/v1/registrations/{found['registration_id']}"
        return (await self.staff.call("GET", path))["terms_accepted_at"] is not None

    async def verifies(self, number: str) -> None:
        """Wait for the proof of a registration, verify it, and wait for its tickets."""
        await self.staff.verify(await self._payment_of(number))

        async def confirmed() -> bool:
            [found] = await self.registrations_of(number)
            return bool(found["status"] == "payment_verified")

        await eventually(confirmed, f"the tickets of {number}")

    async def refuses(self, number: str, reason: str) -> None:
        """Wait for the proof of a registration and refuse it."""
        await self.staff.reject(await self._payment_of(number), reason)

    async def cancels(self, registration_id: str) -> None:
        """Cancel a registration."""
        path = f"/registration/v1/registrations/{registration_id}/cancel"
        await self.staff.call("POST", path, json={"reason": "Atas permintaan peserta"}, expect=204)

    async def _payment_of(self, number: str) -> str:
        """Wait for a proof and return its payment's id."""
        path = "/payment/v1/payments?status=uploaded&limit=200"
        found: list[str] = []

        async def arrived() -> bool:
            waiting = (await self.staff.call("GET", path))["items"]
            found.extend(each["payment_id"] for each in waiting if each["registration_number"] == number)
            return bool(found)

        await eventually(arrived, f"the proof of {number}")
        return found[0]
