"""E-mail addresses that any mail server can be asked to deliver to."""

from typing import Final

from email_validator import EmailNotValidError, validate_email

from chassis.wording import Refused, Wording

INVALID_EMAIL: Final = Wording(
    en="Enter an e-mail address like name@example.com.",
    id="Tulis alamat e-mail seperti nama@contoh.com.",
)


def canonical_email(typed: str) -> str:
    """Return the address in ASCII: an international domain in its `xn--` form, the domain in lower case.

    The part before the `@` keeps its case; two addresses are the same when they are equal without regard to case.
    Domains are not looked up.

    Raises:
        Refused: not an address, or one that needs SMTPUTF8 (RFC 6531), which many servers do not offer.
    """
    try:
        found = validate_email(typed.strip(), allow_smtputf8=False, check_deliverability=False, strict=True)
    except EmailNotValidError:
        raise Refused(INVALID_EMAIL) from None
    if found.ascii_email is None:
        raise Refused(INVALID_EMAIL)
    return found.ascii_email
