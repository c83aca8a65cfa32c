"""Runners who sent proofs, and the people at the desk who review them by keys."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

from playwright.async_api import Locator, Page, expect
from standalone.journey.checks import at_most, eventually
from standalone.journey.client import Buyer, Site, StaffMember
from standalone.journey.people import Crowd

_PASSWORD: Final = "lampu merah di ujung jalan"
_AT_ONCE: Final = 4
_PATIENCE: Final = 90.0
_BEAT: Final = 400
"""Milliseconds in which a person looks at a picture; keys pressed sooner are not taken for it."""

_LOADED: Final = "picture => picture.complete && picture.naturalWidth > 0"


async def send_proofs(site: Site, category_id: str, crowd: Crowd, count: int) -> Sequence[str]:
    """Register people and upload their proofs, some at a time; return their numbers when all wait for review."""
    coming = [Buyer.of(site, crowd.form(category_id)) for _ in range(count)]
    buyers = await at_most(_AT_ONCE, [each.register() for each in coming])
    for each in buyers:  # one is asked about at a time: the platform shares a machine with its visitors
        await eventually(each.has_invoice, "an invoice", within=_PATIENCE)
    await at_most(_AT_ONCE, [each.pay(method="bank_transfer") for each in buyers])
    return [str(each.entry["registration_number"]) for each in buyers]


async def decisions(staff: StaffMember, numbers: Sequence[str]) -> dict[str, str]:
    """Return the status of the payments of registrations, by number; a decision that is held counts not yet."""
    found: dict[str, str] = {}
    cursor = None
    while True:
        params = {"limit": "200", **({"cursor": cursor} if cursor else {})}
        page = await staff.call("GET", "/payment/v1/payments", params=params)
        found |= {each["registration_number"]: each["status"] for each in page["items"]}
        cursor = page["next_cursor"]
        if cursor is None:
            return {number: found[number] for number in numbers}


@dataclass
class Reviewer:
    """A member of staff before the desk.

    Attributes:
        theirs: numbers that are to be reviewed; other proofs on the platform are skipped.
        seen: the numbers that were on this desk, in order.
    """

    page: Page
    theirs: set[str]
    seen: list[str] = field(default_factory=list)

    @classmethod
    async def hired(cls, page: Page, owner: StaffMember, theirs: set[str]) -> "Reviewer":
        """Create an account for finance, log in with it, and open the desk."""
        email = f"finance-{uuid4().hex[:8]}@example.com"
        account = {"name": "Sari Keuangan", "email": email, "role": "finance", "password": _PASSWORD}
        await owner.call("POST", "/identity/v1/staff", json=account, expect=201)
        await page.goto("/console/login?to=/console/review")
        await page.locator('[name="email"]').fill(email)
        await page.locator('[name="password"]').fill(_PASSWORD)
        await page.locator('main button[type="submit"]').click()
        await page.wait_for_url("**/console/review")
        return cls(page, theirs)

    @property
    def title(self) -> Locator:
        """The number of the proof on the desk, or the words of an empty one."""
        return self.page.locator("[data-proof-title]")

    async def number(self) -> str:
        """Return the number of the proof on the desk once its picture is there; empty without a proof."""
        if not await self.page.locator("[data-proof]").count():
            return ""
        picture = await self.page.locator("[data-picture]").element_handle()
        await self.page.wait_for_function(_LOADED, arg=picture)
        await self.page.wait_for_timeout(_BEAT)
        return (await self.title.inner_text()).strip()

    async def presses(self, *keys: str) -> None:
        """Press keys and wait until another proof is on the desk, or none."""
        shown = await self.page.locator("[data-desk] > *").first.element_handle()
        for key in keys:
            await self.page.keyboard.press(key)
        await self.page.wait_for_function("shown => !shown.isConnected", arg=shown)

    async def reviews(self, left: set[str], *, refuse_each: int = 10) -> None:
        """Review by keys until nothing is left; now and then a proof is refused for the first reason."""
        while left:
            number = await self.number()
            if not number:
                await self.page.reload()
            elif number not in self.theirs:
                await self.presses("j")
            else:
                self.seen.append(number)
                left.discard(number)
                await self.presses(*(("r", "1") if len(self.seen) % refuse_each == 0 else ("v",)))

    async def finds(self) -> str:
        """Skip the proofs of others and return the number of the first one that is to be reviewed."""
        while (number := await self.number()) not in self.theirs:
            await self.presses("j")
        return number

    async def hears(self, text: str) -> None:
        """Wait until the message of the last decision says this."""
        await expect(self.page.locator("main [role=status][data-said]")).to_contain_text(text)
