"""The parts of a name that a ticket shows to the holder of its code."""


def short_name(full_name: str) -> str:
    """Return the first name and the initial of the last: `Budi S.`; a single name as it is."""
    first, *others = full_name.split()
    return f"{first} {others[-1][0]}." if others else first
