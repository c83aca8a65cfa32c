"""How a participant is named at the desk."""

import re
from typing import Final

_CODE: Final = re.compile(r"[0-9a-f]{32}")


def normal_code(scanned: str) -> str | None:
    """The ticket code in what a scanner read: space around it and upper case do no harm. None if it is not a code."""
    code = scanned.strip().lower()
    return code if _CODE.fullmatch(code) else None
