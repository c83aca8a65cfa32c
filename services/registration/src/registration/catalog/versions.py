"""For how long a file of an event may be kept, whose address names its version."""

from typing import Annotated, Final

from fastapi import Query

Version = Annotated[str | None, Query(alias="v", max_length=20, description="of the file, as in the event's addresses")]

_OF_THIS_VERSION: Final = "public, max-age=31536000, immutable"
_OF_ANY_VERSION: Final = "public, max-age=60"
_OF_ANOTHER_VERSION: Final = "no-cache"


def kept_for(asked: str | None, shown: str) -> str:
    """Return the Cache-Control of a file. The gateway keeps one for each address, so made-up versions are not kept."""
    if asked == shown:
        return _OF_THIS_VERSION
    return _OF_ANY_VERSION if asked is None else _OF_ANOTHER_VERSION
