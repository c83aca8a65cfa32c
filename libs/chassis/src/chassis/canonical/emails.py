"""Canonical e-mail addresses, deliverable through any mail server."""

import re
from typing import Final

from email_validator import SPECIAL_USE_DOMAIN_NAMES, EmailNotValidError, validate_email

from chassis.wording import Refused, Wording

INVALID_EMAIL: Final = Wording(
    en="Enter an e-mail address like name@example.com.",
    id="Tulis alamat e-mail seperti nama@contoh.com.",
)


# Matches nearly all addresses; the library takes twenty times as long for the same result.
_LONGEST_LOCAL: Final = 64
_ORDINARY: Final = re.compile(
    r"(?=.{6,254}$)[A-Za-z0-9_+]{1,64}(?:\.[A-Za-z0-9_+]{1,20})?@(?:[a-z0-9]{1,63}\.){1,3}([a-z]{2,24})"
)


def canonical_email(typed: str) -> str:
    """Return the address in ASCII: an international domain in its `xn--` form, the domain in lower case.

    The part before the `@` keeps its case; addresses are compared without regard to case. Domains are not looked up.

    Raises:
        Refused: not a valid address, or one that needs SMTPUTF8 (RFC 6531), which many servers do not offer.
    """
    ordinary = _ORDINARY.fullmatch(typed)
    if ordinary and typed.index("@") <= _LONGEST_LOCAL and ordinary[1] not in SPECIAL_USE_DOMAIN_NAMES:
        return typed
    try:
        found = validate_email(typed.strip(), allow_smtputf8=False, check_deliverability=False, strict=True)
    except EmailNotValidError:
        raise Refused(INVALID_EMAIL) from None
    if found.ascii_email is None:
        raise Refused(INVALID_EMAIL)
    return found.ascii_email
