"""Validation of staff's e-mail addresses and passwords.

A password has 8 to 128 characters of any kind and is used unchanged. Refused are passwords that are easy to guess: up
to three common words in a row with any decoration (places, races, months, names, the person's own), dates, keyboard
walks, repetitions, and passwords that are too short without the names of product and person and the e-mail address.
"""

import re
import string
from collections.abc import Iterable
from collections.abc import Set as AbstractSet
from functools import cache
from importlib import resources

from chassis.canonical.dates import is_date
from chassis.wording import Wording

EMAIL_PATTERN = r"[!-?A-~]+@[A-Za-z0-9.-]+"
"""ASCII only: Python and PostgreSQL convert the case of other letters differently, so attempts would be split."""

MIN_PASSWORD_LENGTH = 8
MAX_PASSWORD_LENGTH = 128

TOO_SHORT = Wording(
    en=f"Use at least {MIN_PASSWORD_LENGTH} characters.", id=f"Gunakan minimal {MIN_PASSWORD_LENGTH} karakter."
)
TOO_LONG = Wording(
    en=f"Use at most {MAX_PASSWORD_LENGTH} characters.", id=f"Gunakan maksimal {MAX_PASSWORD_LENGTH} karakter."
)
GUESSED_FIRST = Wording(
    en="Choose a password that is not made of common words, places, names, dates or keys in a row.",
    id="Pilih kata sandi yang bukan gabungan kata umum, tempat, nama, tanggal, atau tombol berurutan.",
)
PERSONAL = Wording(
    en="Choose a password without your name, your e-mail address and the name of this product.",
    id="Pilih kata sandi tanpa nama Anda, alamat e-mail Anda, dan nama produk ini.",
)

_PRODUCT = "startline"
_MOST_WORDS = 3
_SHORTEST_WORD = 3
_LONGEST_PADDING = 3
_DECORATION = string.digits + string.punctuation + string.whitespace
_BESIDE_DIGITS = string.punctuation + string.whitespace
_LOOKALIKES = str.maketrans("013457@$!|i", "oleastaslll")
"""Look-alike characters -> letter. `1` may stand for `i` or `l`, so all three become `l`."""
_YEARS = range(1900, 2100)
_NUMBER = re.compile(r"\d+k(?![a-z])|\d{2,}")
_YEAR = re.compile(r"(?:19|20)\d\d")
_TOKEN = re.compile(r"[^\W\d_]+")
_REPETITION = re.compile(r"(.{1,4}?)\1+.?|(?:(.)\2)+")
_FORTH = (
    string.digits * 2,
    string.ascii_lowercase,
    "qwertyuiop[]",
    "asdfghjkl;'",
    "zxcvbnm,./",
    "!@#$%^&*()",
    "1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik,9ol.",
    "1q2w3e4r5t6y7u8i9o0p",
    "q1w2e3r4t5y6u7i8o9p0",
    "a1b2c3d4e5f6g7h8",
    "1a2b3c4d5e6f7g8h",
    "qazwsxedcrfvtgbyhnujm",
    "147258369",
    "159753456852",
    "789456123",
)
_TRACKS = _FORTH + tuple(track[::-1] for track in _FORTH)


def password_problem(password: str, *, email: str, name: str) -> Wording | None:
    """Return why a password is refused for this person; None if it is accepted."""
    if len(password) < MIN_PASSWORD_LENGTH:
        return TOO_SHORT
    if len(password) > MAX_PASSWORD_LENGTH:
        return TOO_LONG
    plain = password.casefold()
    context = list(_context(email, name))
    if len(_without(plain, context)) < MIN_PASSWORD_LENGTH:
        return PERSONAL
    if _is_common(plain) or _is_date(plain) or _is_few_words(plain, _spelled_words() | set(map(_spelled_out, context))):
        return GUESSED_FIRST
    return None


def _is_common(plain: str) -> bool:
    core = plain.strip(_DECORATION)
    spelled = {_spelled_out(plain), _spelled_out(core), _spelled_out(plain).strip(_DECORATION)}
    if {plain, core} & _common_words() or spelled & _spelled_words():
        return True
    decoration = plain.replace(core, "", 1) if len(core) < _SHORTEST_WORD else plain
    return _REPETITION.fullmatch(decoration) is not None or _is_walk(decoration)


def _is_date(plain: str) -> bool:
    digits = "".join(char for char in plain if char not in _BESIDE_DIGITS)
    return is_date(digits, _YEARS)


def _is_few_words(plain: str, words: AbstractSet[str]) -> bool:
    """Return whether the letters are at most `_MOST_WORDS` words, apart from numbers and one short token."""
    return any(
        _is_row_of(words, "".join(tokens), _MOST_WORDS) or _is_padded_row(words, tokens)
        for tokens in _token_lists(plain)
    )


def _token_lists(plain: str) -> Iterable[list[str]]:
    """Yield lists of runs of letters: with and without numbers or years, unchanged and with look-alikes replaced."""
    for text in (plain, _NUMBER.sub(" ", plain), _YEAR.sub(" ", plain)):
        yield [_spelled_out(token) for token in _TOKEN.findall(text)]
        for ends in ("", _DECORATION, _BESIDE_DIGITS):
            yield _TOKEN.findall(_spelled_out(text.strip(ends) if ends else text))


def _is_padded_row(words: AbstractSet[str], tokens: list[str]) -> bool:
    """Return whether all tokens but a short one are words, as in `fun-run-2026-ok`."""
    others = [token for token in tokens if not _is_row_of(words, token, _MOST_WORDS)]
    row = "".join(token for token in tokens if token not in others)
    return len(others) == 1 and len(others[0]) <= _LONGEST_PADDING < len(row) and _is_row_of(words, row, _MOST_WORDS)


def _is_row_of(words: AbstractSet[str], letters: str, most: int) -> bool:
    ends = {0}
    for _ in range(most):
        ends = {
            end
            for start in ends
            for end in range(start + _SHORTEST_WORD, len(letters) + 1)
            if letters[start:end] in words
        }
        if len(letters) in ends:
            return True
    return False


def _is_walk(plain: str) -> bool:
    """Return whether it consists of parts of keyboard tracks, or of longer parts and little padding."""
    return not _beside_tracks(plain, _SHORTEST_WORD) or _beside_tracks(plain, _SHORTEST_WORD + 1) <= _LONGEST_PADDING


def _beside_tracks(plain: str, shortest: int) -> int:
    """Count the characters outside of pieces of the tracks that have at least `shortest` characters."""
    outside = at = 0
    while at < len(plain):
        step = max(_shared_start(plain[at:], track) for track in _TRACKS)
        outside += step < shortest
        at += step if step >= shortest else 1
    return outside


def _shared_start(plain: str, track: str) -> int:
    length = min(len(plain), len(track))
    while length >= _SHORTEST_WORD and plain[:length] not in track:
        length -= 1
    return length


def _spelled_out(plain: str) -> str:
    return plain.translate(_LOOKALIKES)


def _context(email: str, name: str) -> Iterable[str]:
    local, _, domain = email.casefold().partition("@")
    parts = re.split(r"[\s._+-]+", f"{local} {name.casefold()}")
    words = {_PRODUCT, email.casefold(), local, domain, name.casefold(), *parts}
    return sorted((word for word in words if len(word) >= _SHORTEST_WORD), key=len, reverse=True)


def _without(plain: str, words: Iterable[str]) -> str:
    rest = plain
    for word in words:
        rest = rest.replace(word, "")
    spelled = _spelled_out(plain)
    for word in words:
        spelled = spelled.replace(_spelled_out(word), "")
    return min(rest, spelled, key=len)


@cache
def _common_words() -> frozenset[str]:
    text = resources.files("identity.accounts").joinpath("common_words.txt").read_text("ascii")
    return frozenset(text.split())


@cache
def _spelled_words() -> frozenset[str]:
    return frozenset(map(_spelled_out, _common_words()))
