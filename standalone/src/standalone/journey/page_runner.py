"""A runner who registers, pays and gets the ticket through the pages."""

import re
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from standalone.journey.browsers import Browser
from standalone.journey.checks import eventually, expect
from standalone.journey.client import Buyer, Site
from standalone.journey.fields import PROOF_FILE, participant_fields, payment_fields
from standalone.journey.pictures import payment_proof
from standalone.journey.way_back import Link, link_in_mail

_STATUS_PAGE = re.compile(r"/r/([^/]+)$")


@dataclass
class PageRunner:
    """A runner with a browser. The journey learns about the registration from the link in the mail, as the runner does.

    Attributes:
        form: for one participant.
        race, category: slugs.
        link: to the registration, once the mail has come.
    """

    site: Site
    browser: Browser
    form: dict[str, Any]
    race: str
    category: str
    link: Link | None = None
    buyer: Buyer | None = None

    async def register(self) -> Buyer:
        """Register from the page of the race and wait for the mail with the link.

        Raises:
            AssertionError: the pages do not lead to a registration.
        """
        [person] = self.form["participants"]
        await self.browser.open(f"/races/{self.race}")
        await self.browser.follow(f"/register/{self.category}/1")
        await self.browser.send(participant_fields(1, person))
        opened = _STATUS_PAGE.search(self.browser.path)
        if opened is None:
            raise AssertionError(f"no registration at {self.browser.path}: {(await self.browser.text())[:500]}")
        await eventually(self._got_mail, f"the mail about {opened[1]}")
        self.buyer = await self._buyer()
        return self.buyer

    async def _got_mail(self) -> bool:
        [person] = self.form["participants"]
        self.link = await link_in_mail(self.site, person["email"])
        return self.link is not None

    async def _buyer(self) -> Buyer:
        if self.link is None:
            raise LookupError("the mail has not come")
        opened = (await self.site.call("POST", "/registration/v1/access", json=self.link.as_json())).json()
        path = f"/registration/v1/registrations/{opened['registration_id']}"
        found = (await self.site.call("GET", path, token=opened["runner_token"])).json()
        return Buyer(self.site, self.form, uuid4().hex, registration={**found, **opened})

    async def pay(self) -> None:
        """Choose to pay by QRIS on the page of the registration and upload a picture of the payment."""
        entry = self._registered().entry
        number = entry["registration_number"]
        picture = payment_proof(number, entry["total_amount"])
        await self.browser.open(f"/r/{number}")
        await self.browser.follow("/pay/qris")
        await self.browser.send(payment_fields(), {PROOF_FILE: ("proof.jpg", picture, "image/jpeg")})

    async def see_ticket(self) -> None:
        """Check that the page of tickets shows the BIB.

        Raises:
            AssertionError: it does not.
        """
        buyer = self._registered()
        [ticket] = await buyer.tickets()
        await self.browser.open(f"/r/{buyer.entry['registration_number']}/tickets")
        shown, bib = await self.browser.text(), str(ticket["bib_number"])
        expect(bib in shown, f"BIB {bib} is not on the page of tickets: {shown[:500]}")

    def _registered(self) -> Buyer:
        if self.buyer is None:
            raise LookupError("this runner has not registered")
        return self.buyer
