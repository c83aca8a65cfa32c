"""Ticket codes as scanners read them."""

import re
from typing import Final

_CODE: Final = re.compile(r"[0-9a-f]{32}")


def normalized_code(scanned: str) -> str | None:
    """Return the scanned ticket code in lower case without surrounding space; None if it is malformed."""
    code = scanned.strip().lower()
    return code if _CODE.fullmatch(code) else None
