"""The pages that every visitor may see, each in every state."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import pytest

from .front import Fault, nothing_announced, out_of_reach, too_many_requests
from .races import CLOSED, NOT_OPEN, OPEN, SOLD_OUT

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

every_scene = pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
every_language = pytest.mark.parametrize("language", LANGUAGES)
