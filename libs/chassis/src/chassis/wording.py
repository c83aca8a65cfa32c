"""Texts in the languages of runners, and the language of the current request."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Language(StrEnum):
    """The languages of responses and messages."""

    ENGLISH = "en"
    INDONESIAN = "id"


@dataclass(frozen=True, slots=True)
class Wording:
    """One text in every language. `said` fills in placeholders such as `{name}`."""

    en: str
    id: str

    def said(self, language: Language, **values: Any) -> str:
        """Return the text in `language` with its values filled in."""
        text = self.id if language is Language.INDONESIAN else self.en
        return text.format(**values) if values else text

    def __str__(self) -> str:
        return self.en


class Refused(ValueError):
    """A refused value, with a wording that describes correct input. Raised by validators."""

    def __init__(self, wording: Wording) -> None:
        super().__init__(wording.en)
        self.wording = wording


language_of_request: ContextVar[Language] = ContextVar("language_of_request", default=Language.ENGLISH)
"""The language that the current request asks for with `Accept-Language`."""


@contextmanager
def answered_in(language: Language) -> Iterator[None]:
    """Answer in `language` inside the block."""
    token = language_of_request.set(language)
    try:
        yield
    finally:
        language_of_request.reset(token)
