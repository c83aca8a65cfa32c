"""A word of 120 letters in a name or a place does not make a page wider than the phone."""

import re

from web.static_files import FOLDER


def test_words_break_where_they_would_widen_a_page() -> None:
    """`break-word` leaves a flex or grid item as wide as its longest word; `anywhere` does not."""
    [body] = re.findall(r"^  body \{(.+)\}$", (FOLDER / "look.css").read_text(), re.MULTILINE)
    assert "overflow-wrap: anywhere" in body
