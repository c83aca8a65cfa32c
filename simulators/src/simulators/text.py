"""Handling of untrusted text."""


def encodable(text: str) -> str:
    """Return `text` with every lone surrogate replaced, so that it can be encoded as UTF-8."""
    return text.encode("utf-8", "replace").decode()
