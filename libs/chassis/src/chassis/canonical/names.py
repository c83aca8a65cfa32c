"""Text that people typed: one Unicode form, nothing invisible in it, and for names nothing that acts on its reader."""

import re
import unicodedata
from typing import Final

from chassis.canonical.links import refuse_links
from chassis.wording import Refused, Wording

INVISIBLE: Final = Wording(
    en="Remove characters that cannot be seen, or type the text again without copying it.",
    id="Hapus karakter yang tidak terlihat, atau ketik ulang tanpa menyalin.",
)
ONE_LINE: Final = Wording(en="Write it in one line.", id="Tulis dalam satu baris.")
NO_LETTER: Final = Wording(en="Write the name with letters.", id="Tulis nama dengan huruf.")

# They come along when text is copied from chats, mails and PDFs, and change nothing that can be seen.
_REMOVED: Final = "\u00ad\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u2060\u2066\u2067\u2068\u2069\ufeff"
_TO_REMOVE: Final = str.maketrans("", "", _REMOVED)
_JOINED_EMOJI: Final = re.compile(
    r"(?<=[\u2190-\u2bff\ufe0f\U0001f000-\U0001faff])\u200d(?=[\u2190-\u2bff\U0001f000-\U0001faff])"
)
_KEPT_JOINER: Final = "\ue000"
# Letters, marks and symbols that show as nothing: fillers, the grapheme joiner, the Braille blank, Mongolian selectors.
_FILLERS: Final = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180e\u180f\u2800\u3164\uffa0")
_REFUSED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SPACES: Final = re.compile(r"\s+")
_SPACES_IN_LINE: Final = re.compile(r"[^\S\n]+")
_PLAIN_LINE: Final = re.compile(r"[!-~]+(?: [!-~]+)*")


def clean_line(text: str) -> str:
    """Return one line of visible text in NFC, spaces evened out.

    Raises:
        Refused: it has several lines, or characters that cannot be seen and are no mere traces of copying.
    """
    if _PLAIN_LINE.fullmatch(text):
        return text
    cleaned = _visible(text.strip(), allowed="\t")
    return _SPACES.sub(" ", cleaned).strip()


def clean_text(text: str) -> str:
    """Return visible text in NFC that may have several lines.

    Raises:
        Refused: it has characters that cannot be seen and are no mere traces of copying.
    """
    lines = _visible(text.strip().replace("\r\n", "\n").replace("\r", "\n"), allowed="\n\t")
    return _SPACES_IN_LINE.sub(" ", lines).strip()


def clean_name(text: str) -> str:
    """Return the name of a person as a clean line with at least one letter and nothing that mail or chat acts on.

    Web and e-mail addresses become links in a chat; encoded words (RFC 2047) are decoded in mail headers.

    Raises:
        Refused.
    """
    name = clean_line(text)
    if not any(char.isalpha() for char in name):
        raise Refused(NO_LETTER)
    refuse_links(name)
    return name


def _visible(text: str, *, allowed: str) -> str:
    if any(char in text for char in "\u2028\u2029") or ("\n" not in allowed and re.search(r"[\r\n\v\f\x85]", text)):
        raise Refused(ONE_LINE)
    joined = _JOINED_EMOJI.sub(_KEPT_JOINER, text.replace(_KEPT_JOINER, "\x00"))
    found = unicodedata.normalize("NFC", joined.translate(_TO_REMOVE))
    if any(_is_hidden(char) for char in found if char not in allowed and char != _KEPT_JOINER):
        raise Refused(INVISIBLE)
    return found.replace(_KEPT_JOINER, "\u200d")


def _is_hidden(char: str) -> bool:
    return char in _FILLERS or unicodedata.category(char) in _REFUSED
