"""Texts of the pages: English in the templates, Indonesian in a catalog that is compiled when the process starts."""

from collections.abc import Sequence
from functools import cache
from gettext import GNUTranslations, NullTranslations
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog
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
    return _compiled(catalogs())


def _compiled(files: Sequence[Path]) -> GNUTranslations:
    """Return the texts of all files as one: in a chain of them, a text of the last one is looked for in all."""
    whole, *others = (_read(file) for file in files)
    for message in (each for other in others for each in other if each.id):
        whole[message.id] = message
    compiled = BytesIO()
    write_mo(compiled, whole)
    compiled.seek(0)
    return GNUTranslations(compiled)


def _read(file: Path) -> Catalog:
    with file.open("rb") as source:
        return read_po(source, locale="id")
