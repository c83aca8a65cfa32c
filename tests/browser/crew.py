"""Staff in front of the console: one of each role, who log in by the page."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from chassis.auth.principals import Role
from playwright.async_api import Page
from standalone.journey.client import StaffMember

CONSOLE: Final = "/console"
_PASSWORD: Final = "kupu-kupu di atas pagar"


@dataclass(frozen=True)
class Crew:
    """An account of each role.

    Attributes:
        emails: by role.
    """

    emails: Mapping[Role, str]

    async def logs_in(self, page: Page, role: Role, *, prefix: str = "") -> None:
        """Log in, and be on the first page of the console."""
        await page.goto(f"{prefix}{CONSOLE}/login")
        await page.locator('input[name="email"]').fill(self.emails[role])
        await page.locator('input[name="password"]').fill(_PASSWORD)
        async with page.expect_navigation(url=lambda url: urlsplit(url).path == f"{prefix}{CONSOLE}"):
            await page.locator("main form button").click()


async def hire(owner: StaffMember) -> Crew:
    """Create the accounts."""
    emails = {role: f"{role.value}@panitia.example" for role in Role}
    for role, email in emails.items():
        account = {"name": f"Panitia {role.value}", "email": email, "role": role.value, "password": _PASSWORD}
        await owner.call("POST", "/identity/v1/staff", json=account, expect=201)
    return Crew(emails)


async def menu(page: Page) -> list[str]:
    """Return the paths of the pages in the menu."""
    links = await page.locator(".console-menu a").evaluate_all("links => links.map(link => link.getAttribute('href'))")
    return [str(each) for each in links]
