"""E-mail by SMTP, one connection per mail: limits keep it to a few a minute."""

import re
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from aiosmtplib import SMTP, SMTPException, SMTPResponseException
from chassis.clock import Clock

from notification.channels.mail import build_mail
from notification.channels.port import (
    NotSent,
    OutboundMessage,
    OutcomeUnknown,
    PermanentFailure,
    Security,
    SenderTrouble,
    TemporaryFailure,
)
from notification.preferences.rules import MailAccount

_SHUTTING_DOWN = 421
_PERMANENT = 500
_SILENCE = (SMTPException, OSError, TimeoutError)


class SmtpChannel:
    """Sends through one mail server.

    Args:
        tls: how the server's certificate is checked.
        timeout: seconds for each step of the conversation.
    """

    def __init__(self, account: MailAccount, *, tls: ssl.SSLContext, timeout: float, clock: Clock) -> None:
        self._account = account
        self._tls = tls
        self._timeout = timeout
        self._clock = clock

    async def send(self, message: OutboundMessage) -> str | None:
        """See `MessageChannel`."""
        account = self._account
        mail = build_mail(message, from_address=account.from_address, from_name=account.from_name, now=self._clock())
        server = await self._connect()
        try:
            await _hand_over(server, account.from_address, mail["To"].addresses[0].addr_spec, mail.as_bytes())
        finally:
            await _leave(server)
        return None

    async def _connect(self) -> SMTP:
        account = self._account
        server = SMTP(
            hostname=account.host,
            port=account.port,
            username=account.username or None,
            password=account.password or None,
            use_tls=account.security is Security.TLS,
            start_tls=account.security is Security.STARTTLS,
            tls_context=self._tls,
            timeout=self._timeout,
        )
        try:
            await server.connect()
        except SMTPResponseException as error:
            server.close()
            raise SenderTrouble(f"mail server refused the connection or the login: {_said(error)}") from None
        except (*_SILENCE, ValueError) as error:
            server.close()
            raise SenderTrouble(f"mail server cannot be used ({type(error).__name__})") from None
        return server


async def _hand_over(server: SMTP, sender: str, recipient: str, mail: bytes) -> None:
    """Until DATA nothing has left; from then on silence means that nobody knows."""
    with _step(refused=_sender_refused, silent=SenderTrouble):
        await server.mail(sender)
    with _step(refused=_message_refused, silent=SenderTrouble):
        await server.rcpt(recipient)
    with _step(refused=_message_refused, silent=OutcomeUnknown):
        await server.data(mail)


@contextmanager
def _step(*, refused: Callable[[SMTPResponseException], NotSent], silent: type[NotSent]) -> Iterator[None]:
    try:
        yield
    except SMTPResponseException as error:
        raise refused(error) from None
    except _SILENCE as error:
        raise silent(f"mail server did not answer ({type(error).__name__})") from None


def _sender_refused(error: SMTPResponseException) -> NotSent:
    return SenderTrouble(f"mail server refused the sender: {_said(error)}")


def _message_refused(error: SMTPResponseException) -> NotSent:
    said = f"mail server: {_said(error)}"
    if error.code == _SHUTTING_DOWN:
        return SenderTrouble(said)
    return PermanentFailure(said) if error.code >= _PERMANENT else TemporaryFailure(said)


def _said(error: SMTPResponseException) -> str:
    """The server's answer without the addresses that servers like to repeat."""
    text = re.sub(r"\S+@\S+", "…", error.message)
    return f"{error.code} {' '.join(text.split())}"[:200]


async def _leave(server: SMTP) -> None:
    """The mail has been answered for by now; how the goodbye goes changes nothing."""
    with suppress(*_SILENCE):
        await server.quit()
    server.close()


@cache
def tls_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Checks certificates against the system's authorities and those in `ca_file`. Shared: not to be changed."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context
