"""A certificate for STARTTLS."""

import ssl
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True, slots=True)
class Certificate:
    """A certificate chain and its private key, both PEM."""

    chain: bytes
    key: bytes

    @classmethod
    def from_files(cls, chain: Path, key: Path) -> "Certificate":
        """Read a certificate from files.

        Raises:
            OSError: a file cannot be read.
        """
        return cls(chain.read_bytes(), key.read_bytes())

    @classmethod
    def self_made(cls, hosts: Iterable[str]) -> "Certificate":
        """Return a self-signed certificate for `hosts` (names or addresses), valid for a year."""
        key = ec.generate_private_key(ec.SECP256R1())
        chain = _self_sign(key, list(hosts)).public_bytes(serialization.Encoding.PEM)
        pem = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        return cls(chain, pem)

    def server_context(self) -> ssl.SSLContext:
        """Return a TLS context for servers.

        Raises:
            ssl.SSLError: chain or key is unusable, or they do not match.
        """
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        # The ssl module reads certificates from files only.
        with tempfile.TemporaryDirectory() as folder:
            pem = Path(folder, "certificate.pem")
            pem.touch(mode=0o600)
            pem.write_bytes(self.key + b"\n" + self.chain)
            context.load_cert_chain(pem)
        return context


def _self_sign(key: ec.EllipticCurvePrivateKey, hosts: list[str]) -> x509.Certificate:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Startline mail simulator")])
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=365))
        .add_extension(x509.SubjectAlternativeName([_alternative(host) for host in hosts]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )


def _alternative(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(host))
    except ValueError:
        return x509.DNSName(host)
