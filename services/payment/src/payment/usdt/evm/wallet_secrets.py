"""Recognising what spends the money of a wallet, and is pasted in place of a public key by mistake."""

import re
import unicodedata
from typing import Final

_DIGITS: Final = re.compile("(?:0x)?[0-9a-f]{64}", re.IGNORECASE)
_NUMBERS_OF_WORDS: Final = frozenset({12, 15, 18, 21, 24})
"""Of the recovery words of a wallet. Source: BIP-39."""


def is_wallet_secret(text: str) -> bool:
    """Return whether a text is a private key, extended or in digits, or recovery words; a damaged one, too."""
    return text[1:4].lower() == "prv" or _DIGITS.fullmatch(text) is not None or _is_recovery_words(text)


def _is_recovery_words(text: str) -> bool:
    """Return whether a text may be recovery words, in any language, and with commas between them."""
    words = unicodedata.normalize("NFC", text).replace(",", " ").split()  # wallets may write accents as own characters
    return len(words) in _NUMBERS_OF_WORDS and all(word.isalpha() for word in words)
