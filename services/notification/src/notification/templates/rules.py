"""Templates: text with `{variables}`, checked when saved, filled in by plain substitution. They are never code."""

import re
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from chassis.canonical.links import refuse_links
from chassis.canonical.names import clean_line
from chassis.wording import Refused, Wording

from notification.messages.rules import EventType, one_line

NO_VALUE = "-"
_VARIABLE = re.compile(r"\{([^{}]*)\}")


_VARIABLES: Mapping[str, str] = {
    "name": "the recipient's name",
    "registration_number": "number of the registration",
    "bib_number": "BIB number, once confirmed",
    "event_name": "the race",
    "event_date": "day of the race",
    "event_location": "where it starts",
    "category_name": "race category",
    "amount": "what is owed, was paid or goes back",
    "payment_deadline": "until when to pay, with the time zone",
    "offer_deadline": "until when to accept a place that is offered from the waiting list",
    "reason": "why a proof was refused, a registration cancelled or money goes back, or why an offer has ended",
    "reference": "of the transfer with which money went back",
    "ticket_url": "address of the ticket's QR code, once confirmed",
    "status_url": "the recipient's own page",
    "site_url": "address of the platform",
}
_LINK_VARIABLES: Mapping[str, str] = {
    "links": "the recipient's registrations, each with the address of its own page; several lines",
    "site_url": _VARIABLES["site_url"],
}
_NOT_IN_SUBJECTS = frozenset({"links", "status_url", "ticket_url"})

Values = Mapping[str, str | tuple[str, ...]]
"""What variables stand for: one line, or several."""


def variables_of(event_type: EventType) -> Mapping[str, str]:
    """Return what templates of that type may say, and what it stands for. One without a value yet shows as `-`."""
    return _LINK_VARIABLES if event_type is EventType.ACCESS_LINKS else _VARIABLES


def variables_of_subject(event_type: EventType) -> frozenset[str]:
    """Return what subjects may say: no address that holds a code, because mail servers log subjects."""
    return frozenset(variables_of(event_type)) - _NOT_IN_SUBJECTS


@dataclass(frozen=True)
class Template:
    """The text of one message. Only e-mail has a subject."""

    body: str
    subject: str = ""


_STRAY_BRACE = Wording(
    en="A brace is not part of a variable.", id="Ada kurung kurawal yang bukan bagian dari variabel."
)


def _unknown(name: str) -> Wording:
    return Wording(en=f"There is no variable {{{name}}}.", id=f"Tidak ada variabel {{{name}}}.")


def problems_of(text: str, variables: Collection[str]) -> list[Wording]:
    """What is wrong with a template's text: unknown variables by name, and braces that are none."""
    unknown = sorted({name for name in _VARIABLE.findall(text) if name not in variables})
    found = [_unknown(name) for name in unknown]
    if re.search(r"[{}]", _VARIABLE.sub("", text)):
        found.append(_STRAY_BRACE)
    return found


def fill_in(text: str, values: Values) -> str:
    """`text` with its variables replaced, in one pass: a value that looks like a variable stays as it is.

    A value is one line, whatever it was, so that it can add neither a header nor a paragraph of its own. Only a value
    that consists of several lines adds line breaks.
    """
    return _VARIABLE.sub(lambda found: _shown(values.get(found[1], "")) or NO_VALUE, text)


def fill_in_subject(text: str, values: Values) -> str:
    """Return the subject, one line. What subjects may not say shows as `-`, also in a text of an older release."""
    return one_line(fill_in(text, {name: value for name, value in values.items() if name not in _NOT_IN_SUBJECTS}))


def _shown(value: str | tuple[str, ...]) -> str:
    return one_line(value) if isinstance(value, str) else "\n".join(one_line(line) for line in value)


def safe_name(name: str) -> str:
    """Return the name of a person as messages show it: nothing in it becomes a link or a header.

    Names of older releases may hold what is refused today. Of such a name only the letters are shown.
    """
    try:
        line = clean_line(name)
        refuse_links(line)
    except Refused:
        letters = "".join(char if _is_letter(char) else " " for char in unicodedata.normalize("NFKC", name))
        line = " ".join(letters.split())
    return line or NO_VALUE


def _is_letter(char: str) -> bool:
    try:
        return clean_line(char) == char and unicodedata.category(char)[0] in "LM"
    except Refused:
        return False
