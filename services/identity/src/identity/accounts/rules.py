"""What an e-mail address and a password of staff must be like.

Passwords: 8 to 128 characters of any kind, taken exactly as they come. Refused are those that guessers try first:
up to three common words in a row however decorated (places, races, months, names, the person's own), dates, walks over
the keyboard, repetitions, and what is left too short without the product's name, the person's name and e-mail address.
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
"""ASCII only: Python and databases fold other letters' case differently, which would split an account's throttle."""

SHORTEST_PASSWORD = 8
LONGEST_PASSWORD = 128

TOO_SHORT = Wording(
    en=f"Use at least {SHORTEST_PASSWORD} characters.", id=f"Gunakan minimal {SHORTEST_PASSWORD} karakter."
)
TOO_LONG = Wording(
    en=f"Use at most {LONGEST_PASSWORD} characters.", id=f"Gunakan maksimal {LONGEST_PASSWORD} karakter."
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
"""Words are spelled alike: `1` may be an `i` or an `l`, so all three are one letter."""
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
    """Return why `password` is refused for this person, or None when it is good."""
    if len(password) < SHORTEST_PASSWORD:
        return TOO_SHORT
    if len(password) > LONGEST_PASSWORD:
        return TOO_LONG
    plain = password.casefold()
    context = list(_context(email, name))
    if len(_without(plain, context)) < SHORTEST_PASSWORD:
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
    """Whether the letters are at most `_MOST_WORDS` words in a row, numbers and one short token aside."""
    return any(
        _is_row_of(words, "".join(tokens), _MOST_WORDS) or _is_padded_row(words, tokens)
        for tokens in _token_lists(plain)
    )


def _token_lists(plain: str) -> Iterable[list[str]]:
    """Yield runs of letters: with and without numbers or years, as they stand and with look-alikes spelled out."""
    for text in (plain, _NUMBER.sub(" ", plain), _YEAR.sub(" ", plain)):
        yield [_spelled_out(token) for token in _TOKEN.findall(text)]
        for ends in ("", _DECORATION, _BESIDE_DIGITS):
            yield _TOKEN.findall(_spelled_out(text.strip(ends) if ends else text))


def _is_padded_row(words: AbstractSet[str], tokens: list[str]) -> bool:
    """Whether all tokens but a short one are words: `fun-run-2026-ok`. Words that go across tokens are chance."""
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
    """Whether it is made only of pieces of the tracks, or of longer pieces and a little padding."""
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
