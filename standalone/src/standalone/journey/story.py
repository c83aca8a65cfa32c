"""The steps of the journey. Every step prints its results; an unexpected result ends it."""

import asyncio
import secrets
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from standalone.journey.bank import SETTINGS, BankDesk
from standalone.journey.browsers import Browser
from standalone.journey.checks import at_most, eventually, expect
from standalone.journey.client import Buyer, Site, StaffMember
from standalone.journey.gateway import WAYS, GatewayDesk
from standalone.journey.letters import all_arrived, code_in_mail
from standalone.journey.page_runner import PageRunner
from standalone.journey.people import Crowd
from standalone.journey.pickup import hand_out
from standalone.journey.pictures import qris_code
from standalone.journey.usdt import UsdtDesk
from standalone.journey.way_back import ask_for_link, came_back, got_link
from standalone.posters import BRAND_COLOR, draw_poster
from standalone.seed import CATEGORIES, category_fields

Tell = Callable[[str], None]

_AT_ONCE = 16
_UPLOADS_AT_ONCE = 6
"""Uploads at a time. All come from one address, of which the gateway accepts eight at once."""


@dataclass(frozen=True)
class Demand:
    """The number of requests for a category, and its quota."""

    quota: int
    singles: int
    fives: int = 0
    tens: int = 0

    @property
    def sizes(self) -> list[int]:
        """Return the sizes of all requests."""
        return [1] * self.singles + [5] * self.fives + [10] * self.tens


DEMANDS = (
    Demand(quota=60, singles=45, fives=6, tens=3),
    Demand(quota=20, singles=9, fives=3),
    Demand(quota=3, singles=6),
)
"""For the example categories; the requests exceed the places."""


@dataclass
class Story:
    """One race from its first registration to its last race pack.

    Args:
        site: the platform.
        owner: email and password.
        report: called with a line about each step.
        short_deadline_hours: of the category whose unpaid registration expires during the journey.
        mark: appended to the categories' prefixes, which are unique on a platform.
        waits_for_expiry: False where an hour takes an hour; staff then cancel the unpaid registration.
        browser: with which one runner registers, pays and gets the ticket; None to leave the pages out.
        race: slug of the event, once it is open.
    """

    site: Site
    owner: tuple[str, str]
    report: Tell
    short_deadline_hours: int = 1
    mark: str = ""
    waits_for_expiry: bool = True
    browser: Browser | None = None
    race: str = ""
    page_runner: PageRunner | None = None
    counts: Counter[str] = field(default_factory=Counter)
    categories: dict[str, dict[str, Any]] = field(default_factory=dict)
    buyers: list[Buyer] = field(default_factory=list)
    crowd: Crowd = field(default_factory=Crowd)

    async def play(self, demands: Sequence[Demand]) -> None:
        """Run all steps in order."""
        await self.prepare(demands)
        await self.one_registers_on_the_pages()
        await self.rush(demands)
        await self.somebody_comes_back()
        await self.pay_and_verify()
        await self.expiry_gives_its_place_on()
        await self.money_comes_to_rest()
        await self.tickets_arrive()
        await self.packs_are_handed_out()

    async def prepare(self, demands: Sequence[Demand]) -> None:
        """Create staff, payment settings, sending limits, the race and its categories."""
        self.staff = await StaffMember.login(self.site, *self.owner)
        finance = {
            "name": "Finance",
            "email": f"finance-{uuid4().hex[:8]}@startline.example",
            "role": "finance",
            "password": secrets.token_urlsafe(12),
        }
        await self.staff.call("POST", "/identity/v1/staff", json=finance, expect=201)
        self.finance = await StaffMember.login(self.site, finance["email"], finance["password"])
        await self.staff.call("PUT", "/payment/v1/settings", json=SETTINGS | {"qris_image": qris_code()})
        await self.staff.call("PUT", "/notification/v1/settings", json=FAST_SENDING)
        await self._open_event(demands)
        self.report(f"event opened with {len(self.categories)} categories: " + ", ".join(self.categories))

    async def _open_event(self, demands: Sequence[Demand]) -> None:
        body = {
            "name": "Jakarta Fun Run",
            "slug": f"jakarta-fun-run-{int(time.time())}",
            "event_date": (datetime.now(UTC) + timedelta(days=90)).date().isoformat(),
            "location": "Gelora Bung Karno, Jakarta",
            "brand_color": BRAND_COLOR,
        }
        event = await self.staff.call("POST", "/registration/v1/events", json=body, expect=201)
        self.race = event["slug"]
        poster = {"file": ("poster.png", draw_poster(), "image/png")}
        await self.staff.call("PUT", f"/registration/v1/events/{event['id']}/banner", files=poster)
        for category, demand in zip(CATEGORIES, demands, strict=True):
            fields = category_fields(category, quota=demand.quota)
            fields |= {name: str(value) for name, value in fields.items() if name.startswith("price_")}
            fields["registration_prefix"] += self.mark
            if category is CATEGORIES[-1]:
                fields["payment_deadline_hours"] = self.short_deadline_hours
            path = f"/registration/v1/events/{event['id']}/categories"
            self.categories[category["name"]] = await self.staff.call("POST", path, json=fields, expect=201)

    async def one_registers_on_the_pages(self) -> None:
        """Register one runner of the first category with the browser."""
        if self.browser is None:
            return
        [category, *_] = self.categories.values()
        form = self.crowd.form(category["id"])
        self.page_runner = PageRunner(self.site, self.browser, form, self.race, category["slug"])
        buyer = await self.page_runner.register()
        self.counts["registered on the pages"] = 1
        self.report(f"{buyer.entry['registration_number']} registered on the pages, with {self.browser.name}")

    async def rush(self, demands: Sequence[Demand]) -> None:
        """Send all requests at once. Exactly the places are sold, and no request that would have fitted is refused."""
        arrivals = [
            Buyer.of(self.site, self.crowd.form(category["id"], size))
            for category, demand in zip(self.categories.values(), demands, strict=True)
            for size in demand.sizes
        ]
        started = time.perf_counter()
        shuffled = sorted(arrivals, key=lambda buyer: buyer.key)
        self.buyers = await asyncio.gather(*(buyer.register() for buyer in shuffled))
        self._admitted(time.perf_counter() - started)
        if self.page_runner is not None and self.page_runner.buyer is not None:
            self.buyers.append(self.page_runner.buyer)
        for category, demand in zip(self.categories.values(), demands, strict=True):
            self._check_sales(category, demand)

    def _admitted(self, seconds: float) -> None:
        admitted = [buyer for buyer in self.buyers if buyer.registration]
        self.counts["requests"] = len(self.buyers)
        self.counts["registered"] = len(admitted)
        self.counts["participants registered"] = sum(buyer.size for buyer in admitted)
        self.counts["refused: full"] = len(self.buyers) - len(admitted)
        self.report(
            f"{len(self.buyers)} requests at once, answered in {seconds:.1f} s: {len(admitted)} registered"
            f" ({self.counts['participants registered']} runners), {self.counts['refused: full']} refused"
        )

    def _check_sales(self, category: dict[str, Any], demand: Demand) -> None:
        here = [buyer for buyer in self.buyers if buyer.form["category_id"] == category["id"]]
        sold = sum(buyer.size for buyer in here if buyer.registration)
        refused = [buyer for buyer in here if buyer.refusal]
        expect(sold <= demand.quota, f"{category['name']} is oversold: {sold} of {demand.quota}")
        for buyer in refused:
            code = (buyer.refusal or {}).get("code")
            expect(code == "category_full", f"refused with {code}")
            expect(buyer.size > demand.quota - sold, f"{buyer.size} refused with {demand.quota - sold} left")

    async def somebody_comes_back(self) -> None:
        """Open one registration by the link in a mail, and request the link of another by WhatsApp."""
        lost, asking = self.paying[:2]
        await eventually(lambda: came_back(lost), f"the link of {lost.entry['registration_number']} by mail")
        await ask_for_link(asking)
        await eventually(lambda: got_link(asking), f"the link of {asking.entry['registration_number']} by WhatsApp")
        self.counts["came back by a link"] = 2
        self.report(f"{lost.entry['registration_number']} lost the page and came back by the link in a mail")

    async def pay_and_verify(self) -> None:
        """Pay all registrations but one of the last category; one proof is rejected and sent again."""
        self.bank = BankDesk(self.site, self.finance)
        desk = GatewayDesk(self.site, self.staff, self.finance, self.bank)
        in_time = [each for each in self.paying if each.form["category_id"] != self._last]
        (through, twice), transferring = await desk.choose(in_time), in_time[1]
        charge = await desk.charge(twice, *WAYS[-1])
        in_usdt = in_time[5:7] if in_time[6:] else []
        paying = [each for each in self.paying if each not in (*through, transferring, *in_usdt)]
        await at_most(_UPLOADS_AT_ONCE, (self._pay(buyer) for buyer in paying))
        self.report(f"{len(paying)} proofs uploaded as real pictures")
        await self._pay_through(desk, through)
        self.report(await UsdtDesk(self.site, self.staff).take(*in_usdt))
        await self._refuse_one(paying[0])
        waiting = await self._waiting(paying)
        expect(len(waiting) == len(paying), f"{len(waiting)} proofs wait, {len(paying)} were sent")
        await at_most(_AT_ONCE, (self.finance.verify(payment["payment_id"]) for payment in waiting))
        self.report(await desk.take_twice(twice, charge))
        self.report(await self.bank.transfer(transferring))
        await at_most(_AT_ONCE, (self._becomes(buyer, "payment_verified") for buyer in (*paying, transferring)))
        self.counts["payments verified"] = len(waiting)
        self.report(f"{len(waiting)} payments verified, every BIB given")
        self.report(await desk.check_ledger())

    async def _pay_through(self, desk: GatewayDesk, through: Sequence[Buyer]) -> None:
        for buyer, way in zip(through, WAYS, strict=True):
            await desk.pay(await desk.charge(buyer, *way))
        await at_most(_AT_ONCE, (self._becomes(buyer, "payment_verified") for buyer in through))
        self.counts["paid through the gateway"] = len(through)
        self.report(f"{len(through)} runners paid through the gateway, by QRIS and by a virtual account")

    @property
    def paying(self) -> list[Buyer]:
        """Return all registrations but the one of the last category that is never paid."""
        admitted = [buyer for buyer in self.buyers if buyer.registration]
        return [buyer for buyer in admitted if buyer is not self.forgetful]

    @property
    def forgetful(self) -> Buyer:
        """Return the buyer in the last category who never pays."""
        return next(each for each in self.buyers if each.registration and each.form["category_id"] == self._last)

    @property
    def _last(self) -> str:
        return str(list(self.categories.values())[-1]["id"])

    async def _pay(self, buyer: Buyer) -> None:
        await eventually(buyer.has_invoice, f"the invoice of {buyer.entry['registration_number']}")
        if self.page_runner is not None and buyer is self.page_runner.buyer:
            await self.page_runner.pay()
        else:
            await buyer.pay()
        self.counts["proofs uploaded"] += 1

    async def _refuse_one(self, buyer: Buyer) -> None:
        registration = buyer.entry["registration_id"]
        invoice = (await self.site.call("GET", f"/payment/v1/invoices/{registration}", token=buyer.token)).json()
        payment_id = invoice["payments"][-1]["payment_id"]
        wrong = await buyer.pay(expect=409)
        expect(wrong.json()["code"] == "proof_pending", "a second proof was not held back")
        await self.finance.reject(payment_id, "The picture is not readable")
        await self._becomes(buyer, "pending_payment")
        mismatch = await buyer.pay(amount="1.00", expect=409)
        expect(mismatch.json()["code"] == "amount_mismatch", "a wrong amount was not noticed")
        await buyer.pay(method="bank_transfer")
        self.counts["proofs refused and sent again"] += 1
        self.report(f"proof of {buyer.entry['registration_number']} refused, sent again")

    async def _waiting(self, buyers: Sequence[Buyer]) -> list[dict[str, Any]]:
        """Return the proofs of these buyers among those that wait for finance."""
        return await self._payments("uploaded", buyers)

    async def _payments(self, status: str, buyers: Sequence[Buyer]) -> list[dict[str, Any]]:
        theirs = {buyer.entry["registration_number"] for buyer in buyers}
        of_race = f"event_id={buyers[0].entry['event_id']}&status={status}&limit=200"
        found = (await self.finance.call("GET", f"/payment/v1/payments?{of_race}"))["items"]
        return [payment for payment in found if payment["registration_number"] in theirs]

    async def _becomes(self, buyer: Buyer, status: str) -> None:
        async def there() -> bool:
            return await buyer.status() == status

        await eventually(there, f"{buyer.entry['registration_number']} becoming {status}")

    async def expiry_gives_its_place_on(self) -> None:
        """Wait until the unpaid registration expires; check that the next request gets its place and is verified."""
        forgetful = self.forgetful
        late = Buyer.of(self.site, self.crowd.form(forgetful.form["category_id"]))
        await late.register()
        # On a slow machine the deadline may have passed already.
        full = late.refusal is not None or await forgetful.status() == "expired"
        expect(full, "a full category accepted a registration")
        await self._end(forgetful)

        async def in_now() -> bool:
            return (await late.register()).registration is not None

        await eventually(in_now, "the released place")
        self.buyers.append(late)
        await self._pay(late)
        [payment] = await self._waiting([late])
        await self.finance.verify(payment["payment_id"])
        await self._becomes(late, "payment_verified")
        self.counts["unpaid, place given on"] += 1
        self.report(f"its place went to {late.entry['registration_number']}, who paid and was verified")

    async def _end(self, forgetful: Buyer) -> None:
        number, ended = forgetful.entry["registration_number"], "expired"
        if not self.waits_for_expiry:
            path = f"/registration/v1/registrations/{forgetful.entry['registration_id']}/cancel"
            await self.staff.call("POST", path, json={"reason": "Never paid"}, expect=204)
            ended = "cancelled"
        await self._becomes(forgetful, ended)
        self.report(f"{number} was never paid and is {ended}")

    async def money_comes_to_rest(self) -> None:
        """Let money arrive too late, show the bank's statement of everything, and check that nothing differs."""
        self.report(await self.bank.transfer_late(self.forgetful))
        by_proof = [each for each in await self._payments("verified", self.paying) if each["channel"] == "proof"]
        self.report(await self.bank.settle(by_proof))
        self.report(await self.bank.reconcile())

    async def tickets_arrive(self) -> None:
        """Check that confirmed runners get e-tickets by mail and WhatsApp; the QR in the mail is the ticket's code."""
        confirmed = self.paying
        self.tickets = [ticket for buyer in confirmed for ticket in await buyer.tickets()]
        if self.page_runner is not None:
            await self.page_runner.see_ticket()
        by_person = {ticket["participant_id"]: ticket for ticket in self.tickets}
        expect(len(by_person) == sum(buyer.size for buyer in confirmed), "a participant has no ticket")
        people = [
            (form["email"], form["whatsapp"], by_person[person["participant_id"]])
            for buyer in confirmed
            for form, person in zip(buyer.form["participants"], buyer.entry["participants"], strict=True)
        ]
        self.report(f"waiting for {len(people)} e-tickets by mail and as many by WhatsApp …")
        await eventually(lambda: all_arrived(self.site, people), "all e-tickets")
        for email, _, ticket in people:
            expect(
                await code_in_mail(self.site, email) == ticket["ticket_code"], f"the QR mailed to {email} is another"
            )
        self.counts["e-tickets mailed, QR read back"] = len(people)
        self.counts["e-tickets by WhatsApp"] = len(people)
        self.report(f"{len(people)} e-tickets arrived; every QR was read back from its mail and is right")

    async def packs_are_handed_out(self) -> None:
        """Check in at three desks, one of them without a network. Each pack is handed out once, or seen twice."""
        codes = [ticket["ticket_code"] for ticket in self.tickets]
        self.counts.update(await hand_out(self.site, self.staff, codes))
        self.report(f"{len(codes)} race packs handed out by three desks, one of them without a network")


FAST_SENDING = {
    "whatsapp_delay_seconds": 0,
    "whatsapp_max_per_minute": 600,
    "email_delay_seconds": 0,
    "email_max_per_minute": 600,
}
