"""SCRAM-SHA-256 verifiers (RFC 5803), which PostgreSQL stores instead of passwords.

They are computed here so that no statement, and so no log of the server, contains the password.
"""

import hashlib
import hmac
import secrets
from base64 import b64encode
from stringprep import in_table_b1, in_table_c12
from unicodedata import normalize

_ITERATIONS = 4096
_SALT_BYTES = 16


def scram_verifier(password: str, *, salt: bytes | None = None, iterations: int = _ITERATIONS) -> str:
    """Return the verifier of `password` in the form for `ALTER ROLE … PASSWORD`.

    Args:
        salt: random if not given.
        iterations: of PBKDF2; PostgreSQL's own default.
    """
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    salted = hashlib.pbkdf2_hmac("sha256", _prepared(password).encode(), salt, iterations)
    stored_key = hashlib.sha256(_hmac(salted, b"Client Key")).digest()
    server_key = _hmac(salted, b"Server Key")
    parts = [b64encode(part).decode() for part in (salt, stored_key, server_key)]
    return "SCRAM-SHA-256${}:{}${}:{}".format(iterations, *parts)


def _hmac(key: bytes, message: bytes) -> bytes:
    return hmac.digest(key, message, "sha256")


def _prepared(password: str) -> str:
    """Normalize a password as SASLprep (RFC 4013) does; clients and servers do the same."""
    mapped = (" " if in_table_c12(each) else each for each in password if not in_table_b1(each))
    return normalize("NFKC", "".join(mapped))
