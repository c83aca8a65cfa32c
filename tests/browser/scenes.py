"""The pages that every visitor may see, and those about USDT, each in every state."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

import pytest

from . import usdt_faults
from .front import Fault, none, nothing_announced, out_of_reach, too_many_requests
from .races import CLOSED, NOT_OPEN, OPEN, SOLD_OUT

S = TypeVar("S")

LANGUAGES: Final = ("id", "en")


@dataclass(frozen=True)
class Scene:
    """A page in one state.

    Attributes:
        path: in Indonesian.
        status: of the answer.
        fault: between the pages and the platform.
    """

    name: str
    path: str
    status: int = 200
    fault: Fault | None = None

    def address(self, language: str) -> str:
        """Return the path in a language."""
        return self.path if language == "id" else f"/en{self.path}"


SCENES: Final[Sequence[Scene]] = (
    Scene("races", "/"),
    Scene("races, search with a hit", "/?q=braga"),
    Scene("races, search without a hit", "/?q=zanzibar"),
    Scene("races, none announced", "/", fault=nothing_announced),
    Scene("race, open", f"/races/{OPEN}"),
    Scene("race, sold out", f"/races/{SOLD_OUT}"),
    Scene("race, not open yet", f"/races/{NOT_OPEN}"),
    Scene("race, closed", f"/races/{CLOSED}"),
    Scene("form for one", f"/races/{OPEN}/register/5k/1"),
    Scene("form for five", f"/races/{OPEN}/register/5k/5"),
    Scene("form for ten", f"/races/{OPEN}/register/5k/10"),
    Scene("form, sold out", f"/races/{SOLD_OUT}/register/5k/1"),
    Scene("form, not open yet", f"/races/{NOT_OPEN}/register/5k/1"),
    Scene("form, closed", f"/races/{CLOSED}/register/5k/1"),
    Scene("form of the waiting list", f"/races/{SOLD_OUT}/waitlist/5k/1"),
    Scene("find my registration", "/recover"),
    Scene("privacy", "/privacy"),
    Scene("licences", "/licences"),
    Scene("all parts", "/parts"),
    Scene("unknown page", "/races/unknown", 404),
    Scene("registration of somebody else", "/r/BR1-00001", 401),
    Scene("unknown link", "/r/BR1-00001/unknown", 404),
    Scene("too many requests", "/r/BR1-00001/unknown", 429, fault=too_many_requests),
    Scene("out of reach", f"/races/{OPEN}", 503, fault=out_of_reach),
)


@dataclass(frozen=True)
class UsdtScene:
    """A page of a registration that is paid in USDT, in one state.

    Attributes:
        state: of the registration, by which it was prepared.
        shows: selector of what only this state shows.
        path: after the address of the registration.
    """

    name: str
    state: str
    shows: str
    path: str = "/pay/usdt"
    fault: Fault = none


_AMOUNT: Final = "#pay .copyable"
_ASK_AGAIN: Final = '#pay > form button[name="network"]'

USDT_SCENES: Final[Sequence[UsdtScene]] = (
    UsdtScene("among the ways", "not chosen", "#way-usdt a", path="/pay"),
    UsdtScene("no rate", "not chosen", "#way-bank_transfer", path="/pay", fault=usdt_faults.without_rate),
    UsdtScene("networks", "not chosen", "#network-polygon button"),
    UsdtScene("networks, one in trouble", "not chosen", "#network-ethereum .way-off", fault=usdt_faults.one_in_trouble),
    UsdtScene("amount and address", "chosen", _AMOUNT),
    UsdtScene("amount and address, first page", "chosen", _AMOUNT, path=""),
    UsdtScene("network in trouble", "chosen", "#pay > .banner-warn:first-of-type", fault=usdt_faults.in_trouble),
    UsdtScene("amount over", "chosen", _ASK_AGAIN, fault=usdt_faults.amount_over),
    UsdtScene("taken back", "chosen", ".transfers .pill-bad", fault=usdt_faults.taken_back),
    UsdtScene("too little, and another token", "in part", "#pay:has(.pill-bad) > form button"),
    UsdtScene("too little, the rest asked", "in part, the rest asked", _AMOUNT),
    UsdtScene("seen", "chosen", ".state-seen", path="", fault=usdt_faults.seen),
    UsdtScene("confirmed", "paid", ".state-verified ~ .wrap .transfers .pill-ok", path=""),
    UsdtScene("tickets", "paid", ".tickets-list", path="/tickets"),
    UsdtScene("too much", "too much", "#usdt-refund #refund_address", path=""),
    UsdtScene("cancelled with USDT", "cancelled", ".state-cancelled ~ .wrap #refund_address", path=""),
    UsdtScene("refund address named", "cancelled, address named", "#usdt-refund .reference", path=""),
)


@dataclass(frozen=True)
class ConsoleScene:
    """A page of the console about USDT.

    Attributes:
        path: after the console's; what stands in braces is the name of an id.
        shows: selector of what the page shows in this state only.
    """

    path: str
    shows: str


_ROWS: Final = "main tbody tr"
_EMPTY: Final = "main .notice"

USDT_CONSOLE: Final[Mapping[str, tuple[Fault, Sequence[ConsoleScene]]]] = {
    "full": (
        none,
        (
            ConsoleScene("/usdt/keys", _ROWS),
            ConsoleScene("/usdt/keys/{key}", "main a[download]"),
            ConsoleScene("/usdt/keys/{proposed}", "#address"),
            ConsoleScene("/usdt/networks", "main .pill-ok"),
            ConsoleScene("/usdt/networks/polygon", '[name="host_2"]'),
            ConsoleScene("/usdt/networks/bsc", "main .form"),
            ConsoleScene("/usdt/rates", "main .proof-sum"),
            ConsoleScene("/usdt/rates?all=yes", _ROWS),
            ConsoleScene("/usdt/transfers", _ROWS),
            ConsoleScene("/usdt/transfers?settled=kept", _ROWS),
            ConsoleScene("/usdt/transfers?state=failed", _EMPTY),
            ConsoleScene("/usdt/transfers/{transfer_paid}", "main .banner-ok"),
            ConsoleScene("/usdt/transfers/{transfer_part}", "main .banner"),
            ConsoleScene("/usdt/transfers/{transfer_other}", "main .banner-warn"),
            ConsoleScene("/usdt/transfers/{transfer_kept}", "main form[role=search]"),
            ConsoleScene("/surplus", _ROWS),
            ConsoleScene("/surplus/{surplus}", "#reference"),
            ConsoleScene("/surplus/{unknown}", "main form"),
            ConsoleScene("/surplus/{with_address}", "main [data-copy]"),
            ConsoleScene("/payments/{payment}", "main .proof-facts"),
            ConsoleScene("/refunds/{refund}", "main .proof-facts"),
        ),
    ),
    "empty": (
        usdt_faults.nothing_yet,
        (
            ConsoleScene("/usdt/keys", _EMPTY),
            ConsoleScene("/usdt/networks", 'main a[href$="/usdt/networks/bsc"]'),
            ConsoleScene("/usdt/networks/polygon", "main .form"),
            ConsoleScene("/usdt/rates", "main .banner-bad"),
            ConsoleScene("/usdt/transfers", _EMPTY),
            ConsoleScene("/surplus", _EMPTY),
        ),
    ),
    "in trouble": (
        usdt_faults.all_in_trouble,
        (
            ConsoleScene("/usdt/networks", "main details.sure"),
            ConsoleScene("/usdt/rates", "main .banner-bad"),
            ConsoleScene("/usdt/transfers", "main tbody .pill-bad"),
        ),
    ),
}
"""Pages about USDT by what the organisers have; the fault is between the pages and the platform."""

every_scene = pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
every_usdt_scene = pytest.mark.parametrize("scene", USDT_SCENES, ids=lambda scene: scene.name)
every_language = pytest.mark.parametrize("language", LANGUAGES)


def in_languages_by_turns(scenes: Sequence[S], name: Callable[[S], str]) -> pytest.MarkDecorator:
    """Give each scene in both languages: usual runs have the first in the first one, the next in the other."""
    return pytest.mark.parametrize(
        ("scene", "language"),
        [
            pytest.param(
                scene, language, id=f"{name(scene)}-{language}", marks=() if turn == number % 2 else pytest.mark.soak
            )
            for number, scene in enumerate(scenes)
            for turn, language in enumerate(LANGUAGES)
        ],
    )
