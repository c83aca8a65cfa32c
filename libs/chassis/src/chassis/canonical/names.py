"""Cleaning of typed text: one Unicode form and no invisible characters; in names also nothing that becomes a link."""

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

_SYMBOL: Final = (
    "[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2190-\u27ff\u2900-\u2bff\u3030\u303d\u3297\u3299\U0001f000-\U0001faff]"
)
_JOINER: Final = rf"(?:(?<={_SYMBOL})|(?<=\ufe0f))\u200d(?={_SYMBOL})"
# Characters inside an emoji sequence: selectors after symbols and in keycaps, joiners between symbols.
_IN_EMOJI: Final = re.compile(rf"(?<={_SYMBOL})[\ufe0e\ufe0f]|(?<=[0-9#*])\ufe0f(?=\u20e3)|{_JOINER}")
# Invisible characters that are copied along from chats, mails and PDFs and can be removed without a visible change.
_TRACES: Final = re.compile(rf"(?!{_JOINER})[\u00ad\u200b-\u200f\u202a-\u202c\u2060\u2066-\u2069\ufeff]")
# Unicode's Default_Ignorable_Code_Point and other characters without a glyph, such as the Braille blank and the null
# notehead.
_UNSEEN: Final = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f\u2800\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff0-\ufff8\ufffc\ufffd\U0001bca0-\U0001bca3\U0001d159\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_REFUSED: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_SPACES: Final = re.compile(r"\s+")
_SPACES_IN_LINE: Final = re.compile(r"[^\S\n]+")
_LINE_END: Final = re.compile("[\r\n\v\f\x85\u2028\u2029]")
_OTHER_LINE_ENDS: Final = re.compile("\r\n|[\r\u2028\u2029]")
_PLAIN_LINE: Final = re.compile(r"[!-~]+(?: [!-~]+)*")


def clean_line(text: str) -> str:
    """Return one line of visible text in NFC, with single spaces.

    Raises:
        Refused: the text has several lines, or invisible characters other than those that copying adds.
    """
    if _PLAIN_LINE.fullmatch(text):
        return text
    cleaned = _visible(text.strip(), allowed="\t")
    return _SPACES.sub(" ", cleaned).strip()


def visible_line(text: str, *, longest: int) -> str:
    """Return what can be shown of a text as one line of at most `longest` characters, which may be empty.

    Unlike `clean_line` it refuses nothing.
    """
    return _shown(_shown(text)[:longest])


def _shown(text: str) -> str:
    try:
        return clean_line(text)
    except Refused:
        return clean_line("".join(char for char in _SPACES.sub(" ", text) if _can_be_seen(char)))


def _can_be_seen(char: str) -> bool:
    return not _UNSEEN.match(char) and unicodedata.category(char) not in _REFUSED


def clean_text(text: str) -> str:
    """Return visible text in NFC that may have several lines.

    Raises:
        Refused: the text has invisible characters other than those that copying adds.
    """
    lines = _visible(_OTHER_LINE_ENDS.sub("\n", text.strip()), allowed="\n\t")
    return _SPACES_IN_LINE.sub(" ", lines).strip()


def clean_name(text: str) -> str:
    """Return a person's name as one clean line with at least one letter and nothing that mail or chat interprets.

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
    if "\n" not in allowed and _LINE_END.search(text):
        raise Refused(ONE_LINE)
    found = unicodedata.normalize("NFC", _TRACES.sub("", text))
    bare = _IN_EMOJI.sub("", found)
    if _UNSEEN.search(bare) or any(unicodedata.category(char) in _REFUSED for char in bare if char not in allowed):
        raise Refused(INVISIBLE)
    return found
