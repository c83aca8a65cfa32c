"""The words by which a name on the roster is found."""

from typing import Final

from chassis.canonical.folding import folded

LONGEST_WORD: Final = 100  # PostgreSQL refuses to index words of more than 2,046 bytes


def stored_words(full_name: str) -> list[str]:
    """Return the folded words of a name, by which the search finds it."""
    return [word[:LONGEST_WORD] for word in folded(full_name).split()]
