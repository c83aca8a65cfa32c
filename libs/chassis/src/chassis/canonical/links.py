"""Detecting web addresses in names: chats and mail programs link every word with a dot and a top-level domain.

The top-level domains are those of the public suffix list, in Unicode and in ASCII, from the publicsuffixlist library.
"""

import re
import unicodedata
from functools import cache
from typing import Final

from publicsuffixlist import PublicSuffixList

from chassis.wording import Refused, Wording

NO_LINKS: Final = Wording(
    en="Write only the name, without web addresses, e-mail addresses or codes.",
    id="Tulis nama saja, tanpa alamat web, alamat e-mail, atau kode.",
)

# Domain names may also contain the ideographic full stop; NFKC maps the other dots to one of these two.
_DOT: Final = r"[.\u3002]"
_IN_LABEL: Final = r"[^\s!-,./:-@\[-^`{-~\u2010-\u205e\u3001-\u303f]"
_MAY_LINK: Final = re.compile(r"[.@/?\u3002]|xn--", re.IGNORECASE)
_LINK: Final = re.compile(
    rf"://|\bwww{_DOT}|@|=\?|xn--|(?<![\d.])\d{{1,3}}(?:{_DOT}\d{{1,3}}){{3}}(?!\d)|{_IN_LABEL}{_DOT}{_IN_LABEL}{{2,}}/",
    re.IGNORECASE,
)
_LATIN: Final = r"a-z0-9\u00c0-\u024f\u0300-\u036f\u1e00-\u1eff"
_GOES_ON: Final = "/:?#"
_DOTTED: Final = re.compile(rf"(?<!{_IN_LABEL}){_IN_LABEL}+(?:{_DOT}{_IN_LABEL}+)+[{_GOES_ON}]?")
_LAST_LABEL: Final = re.compile(rf"[a-z]+(?![{_LATIN}])|{_IN_LABEL}+", re.IGNORECASE)

# Abbreviations before a dot in the names of Indonesians: titles, and the first parts of degrees (S.Pd.SD).
_ABBREVIATED: Final = """
    abd ach ag apt dr dra drg drh drs farm gst hj hum ir kep kes kh kom lc letkol md mhd moh muh ners ns ny pd ph prof
    rd rr sdr si sos sp st tb tgk th tn tr ust
"""
_ABBREVIATIONS: Final = frozenset(_ABBREVIATED.split())


def refuse_links(line: str) -> None:
    """Check that `line` contains nothing that chats and mail programs turn into links.

    Raises:
        Refused.
    """
    plain = line if line.isascii() else unicodedata.normalize("NFKC", line)
    if _MAY_LINK.search(plain) and (_LINK.search(plain) or any(map(_is_address, _DOTTED.findall(plain)))):
        raise Refused(NO_LINKS)


def _is_address(dotted: str) -> bool:
    """Return whether a label after a dot is a top-level domain, unless titles or degrees precede it (S.Th, Dr.Rio)."""
    first, *others = re.split(_DOT, dotted)
    excused = _is_abbreviation(first)
    for label in others:
        is_name = excused and label[0].isupper() and label[-1] not in _GOES_ON
        if not is_name and _is_top_level(label):
            return True
        excused = excused and _is_abbreviation(label)
    return False


def _is_abbreviation(label: str) -> bool:
    return label[0].isupper() and (len(label) == 1 or label.lower() in _ABBREVIATIONS)


def _is_top_level(label: str) -> bool:
    top = _LAST_LABEL.match(label)
    return top is not None and _suffixes().publicsuffix(top[0]) is not None


@cache
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList(accept_unknown=False, only_icann=True)
