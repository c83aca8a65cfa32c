"""Headers of mails, encoded so that names and subjects cannot inject addresses or lines.

The standard library's structured headers decode encoded words (RFC 2047) in given values: text can become addresses,
and before CPython 3.11.10 and 3.12.5 (CVE-2024-6923) lines. So headers are encoded here, put in front of the MIME parts
unchanged, and parsed again before a mail is sent.
"""

import re
from collections.abc import Mapping
from email.errors import MessageError
from email.header import Header, decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.policy import compat32
from email.utils import getaddresses

_LONGEST_LINE = 76
_PLAIN_WORDS = re.compile(r"[A-Za-z0-9'-]+(?: [A-Za-z0-9'-]+)*")
_PLAIN_TEXT = re.compile(r"[!-~]+(?: +[!-~]+)*")


def unstructured(name: str, text: str) -> str:
    """Return `text`, one line, as the value of a header that holds only text."""
    plain = len(name) + 2 + len(text) <= _LONGEST_LINE and "=?" not in text and _PLAIN_TEXT.fullmatch(text)
    return text if plain else _encoded(name, text)


def mailbox(name: str, display_name: str, address: str) -> str:
    """Return one address with a display name, one line, as the value of a header."""
    if not display_name:
        return address
    plain = len(name) + 2 + len(display_name) <= _LONGEST_LINE and _PLAIN_WORDS.fullmatch(display_name)
    phrase = display_name if plain else _encoded(name, display_name)
    separator = " " if plain and len(name) + len(phrase) + len(address) + 5 <= _LONGEST_LINE else "\r\n "
    return f"{phrase}{separator}<{address}>"


def _encoded(name: str, text: str) -> str:
    return Header(text, "utf-8", maxlinelen=_LONGEST_LINE, header_name=name).encode(linesep="\r\n")


def header_block(headers: Mapping[str, str]) -> bytes:
    """Return the lines of `headers`.

    Raises:
        UnicodeEncodeError: a value is not ASCII.
    """
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items()).encode("ascii")


class ParsedHeaders:
    """The headers of a finished mail as a receiving server parses them."""

    def __init__(self, mail: bytes) -> None:
        self._message: Message = BytesHeaderParser(policy=compat32).parsebytes(mail)

    @property
    def names(self) -> list[str]:
        """Return the names of all headers, with repetitions."""
        return self._message.keys()

    def text(self, name: str) -> str:
        """Return the decoded text of a header."""
        return _decoded(self._message[name])

    def mailboxes(self, name: str) -> list[tuple[str, str]]:
        """Return display name and address of each mailbox in a header."""
        return [(_decoded(phrase), address) for phrase, address in getaddresses([self._message[name]])]


def _decoded(value: str) -> str:
    unfolded = re.sub(r"\r?\n(?=[ \t])", "", value)
    try:
        return str(make_header(decode_header(unfolded)))
    except (MessageError, ValueError, LookupError):
        return ""
