"""The menu of the console: what a role may open."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from chassis.auth.principals import Role

from web.console.access import ADMIN, EVERYONE, FINANCE, OWNER, StaffOnly
from web.themes import CONSOLE

ROOT: Final = CONSOLE


@dataclass(frozen=True)
class Entry:
    """A page of the menu.

    Attributes:
        name: under which templates have its words.
        path: in Indonesian.
        access: of the page.
        is_of_race: whether the page is about one race, which its link names.
    """

    name: str
    path: str
    access: StaffOnly
    is_of_race: bool = False


_GROUPS: Final[Sequence[tuple[str, Sequence[Entry]]]] = (
    (
        "race",
        (
            Entry("overview", ROOT, EVERYONE, is_of_race=True),
            Entry("races", f"{ROOT}/races", EVERYONE),
            Entry("registrations", f"{ROOT}/registrations", EVERYONE, is_of_race=True),
            Entry("participants", f"{ROOT}/participants", EVERYONE, is_of_race=True),
            Entry("waitlist", f"{ROOT}/waitlist", EVERYONE, is_of_race=True),
            Entry("promo-codes", f"{ROOT}/promo-codes", FINANCE, is_of_race=True),
        ),
    ),
    (
        "money",
        (
            Entry("review", f"{ROOT}/review", FINANCE),
            Entry("payments", f"{ROOT}/payments", FINANCE, is_of_race=True),
            Entry("statements", f"{ROOT}/statements", FINANCE),
            Entry("refunds", f"{ROOT}/refunds", FINANCE, is_of_race=True),
            Entry("surplus", f"{ROOT}/surplus", FINANCE),
            Entry("reconciliation", f"{ROOT}/reconciliation", FINANCE),
            Entry("ledger", f"{ROOT}/ledger", FINANCE),
            Entry("gateway-reports", f"{ROOT}/gateway/reports", FINANCE),
            Entry("usdt-transfers", f"{ROOT}/usdt/transfers", FINANCE),
            Entry("usdt-rates", f"{ROOT}/usdt/rates", FINANCE),
        ),
    ),
    (
        "messages",
        (
            Entry("message-log", f"{ROOT}/messages", EVERYONE),
            Entry("templates", f"{ROOT}/templates", ADMIN),
            Entry("senders", f"{ROOT}/senders", EVERYONE),
        ),
    ),
    (
        "pickup",
        (
            Entry("pickup-progress", f"{ROOT}/pickup", EVERYONE, is_of_race=True),
            Entry("stations", f"{ROOT}/stations", ADMIN, is_of_race=True),
            Entry("devices", f"{ROOT}/devices", ADMIN),
            Entry("conflicts", f"{ROOT}/conflicts", ADMIN),
            Entry("stock", f"{ROOT}/stock", ADMIN, is_of_race=True),
        ),
    ),
    (
        "reports",
        (
            Entry("financial", f"{ROOT}/reports/financial", FINANCE, is_of_race=True),
            Entry("participants-report", f"{ROOT}/reports/participants", EVERYONE, is_of_race=True),
            Entry("exports", f"{ROOT}/exports", ADMIN, is_of_race=True),
        ),
    ),
    ("operations", (Entry("queues", f"{ROOT}/queues", ADMIN), Entry("audit", f"{ROOT}/audit", ADMIN))),
    (
        "settings",
        (
            Entry("payment-settings", f"{ROOT}/payment-settings", ADMIN),
            Entry("gateway", f"{ROOT}/gateway", ADMIN),
            Entry("usdt-keys", f"{ROOT}/usdt/keys", OWNER),
            Entry("usdt-networks", f"{ROOT}/usdt/networks", OWNER),
            Entry("staff", f"{ROOT}/staff", OWNER),
            Entry("sessions", f"{ROOT}/sessions", EVERYONE),
            Entry("password", f"{ROOT}/password", EVERYONE),
        ),
    ),
)


def menu_of(role: Role) -> Sequence[tuple[str, Sequence[Entry]]]:
    """Return the groups of the menu with the pages that a role may open; groups without any are left out."""
    found = [(name, [each for each in entries if each.access.admits(role)]) for name, entries in _GROUPS]
    return [(name, entries) for name, entries in found if entries]
