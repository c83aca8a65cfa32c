"""Texts of the pages: English in the templates, Indonesian in a catalog that is compiled when the process starts."""

from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from chassis.wording import Language

CATALOG = Path(__file__).parent / "locale" / "id" / "LC_MESSAGES" / "web.po"


@cache
def translations(language: Language) -> NullTranslations:
    """Return the texts of a language."""
    if language is Language.ENGLISH:
        return NullTranslations()
    with CATALOG.open("rb") as source:
        catalog = read_po(source, locale="id")
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return GNUTranslations(compiled)
