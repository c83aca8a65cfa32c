"""Sentences in the languages that runners read, and which of them the current request asked for."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Language(StrEnum):
    """The languages of answers and messages."""

    ENGLISH = "en"
    INDONESIAN = "id"


@dataclass(frozen=True, slots=True)
class Wording:
    """One sentence in every language. `{name}` in it is filled in by `said`."""

    en: str
    id: str

    def said(self, language: Language, **values: Any) -> str:
        """The sentence in `language` with its values filled in."""
        text = self.id if language is Language.INDONESIAN else self.en
        return text.format(**values) if values else text

    def __str__(self) -> str:
        return self.en


class Refused(ValueError):
    """A value that is refused, and in a runner's words what would be right. Validators raise it."""

    def __init__(self, wording: Wording) -> None:
        super().__init__(wording.en)
        self.wording = wording


language_of_request: ContextVar[Language] = ContextVar("language_of_request", default=Language.ENGLISH)
"""The language that the request under way asked for by `Accept-Language`."""


@contextmanager
def answered_in(language: Language) -> Iterator[None]:
    """Everything inside is said in `language`."""
    token = language_of_request.set(language)
    try:
        yield
    finally:
        language_of_request.reset(token)
