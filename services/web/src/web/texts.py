"""Texts of the pages: English in the templates, Indonesian in a catalog that is compiled when the process starts."""

from collections.abc import Sequence
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from chassis.wording import Language

LOCALE = Path(__file__).parent / "locale"


def catalogs() -> Sequence[Path]:
    """Return the files of the Indonesian catalog: one for the site, one for the console."""
    return sorted((LOCALE / "id" / "LC_MESSAGES").glob("*.po"))


@cache
def translations(language: Language) -> NullTranslations:
    """Return the texts of a language."""
    if language is Language.ENGLISH:
        return NullTranslations()
    first, *others = (_compiled(file) for file in catalogs())
    for each in others:
        first.add_fallback(each)
    return first


def _compiled(file: Path) -> GNUTranslations:
    with file.open("rb") as source:
        catalog = read_po(source, locale="id")
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)
