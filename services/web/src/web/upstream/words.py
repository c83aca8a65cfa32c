"""Enumerations of words that an API answers."""

from enum import StrEnum
from typing import Self


class OpenWords(StrEnum):
    """Base of enumerations that have a member `OTHER`, as which words of a newer release are read."""

    @classmethod
    def _missing_(cls, value: object) -> Self:  # noqa: ARG003  # whatever it is
        return cls["OTHER"]
