"""Made-up runners."""

import itertools
import random
from typing import Any

_FIRST = ("Budi", "Siti", "Agus", "Dewi", "Rizky", "Putri", "Andi", "Ayu", "Joko", "Rina", "Bayu", "Wulan")
_LAST = ("Santoso", "Wijaya", "Pratama", "Lestari", "Hidayat", "Kusuma", "Nugroho", "Saputra", "Anggraini", "Siregar")
_SIZES = ("xs", "s", "m", "l", "xl", "xxl", "xxxl")
_TYPES = {1: "individual", 5: "collective_5", 10: "collective_10"}


class Crowd:
    """Generates different people, numbered from `first`. The same seed generates the same people."""

    def __init__(self, seed: int = 2027, *, first: int = 1) -> None:
        self._random = random.Random(seed)  # noqa: S311  # names, not secrets
        self._numbers = itertools.count(first)

    def person(self, *, is_pic: bool = False) -> dict[str, Any]:
        """Return one participant."""
        number = next(self._numbers)
        pick = self._random.choice
        name = f"{pick(_FIRST)} {pick(_LAST)} {number}"
        return {
            "full_name": name,
            "email": f"runner{number}@example.com",
            "whatsapp": f"0812{number:08d}",
            "gender": pick(("male", "female")),
            "date_of_birth": f"{self._random.randint(1960, 2008)}-{self._random.randint(1, 12):02d}-15",
            "jersey_size": pick(_SIZES),
            "emergency_contact_name": f"Keluarga {number}",
            "emergency_contact_phone": f"0813{number:08d}",
            "is_pic": is_pic,
        }

    def form(self, category_id: str, size: int = 1) -> dict[str, Any]:
        """Return a registration form for one runner or a group."""
        people = [self.person(is_pic=index == 0) for index in range(size)]
        return {"category_id": category_id, "registration_type": _TYPES[size], "participants": people}
