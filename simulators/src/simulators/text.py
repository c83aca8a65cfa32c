"""Text from strangers."""


def encodable(text: str) -> str:
    """`text` with every lone surrogate replaced, so that it can be sent on as UTF-8."""
    return text.encode("utf-8", "replace").decode()
