"""E-mail by SMTP, one connection per mail: limits keep it to a few a minute."""

import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from socket import socket

from aiosmtplib import SMTP, SMTPException, SMTPResponseException
from chassis.clock import Clock

from notification.channels.connecting import PrivateAddress, connected_socket
from notification.channels.mail import Mail, build_mail
from notification.channels.port import (
    NotSent,
    OutboundMessage,
    OutcomeUnknown,
    PermanentFailure,
    Security,
    SenderTrouble,
    TemporaryFailure,
)
from notification.channels.words import log_words
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
            await _hand_over(server, account.from_address, mail)
        finally:
            await _leave(server)
        return None

    async def _connect(self) -> SMTP:
        account = self._account
        server = SMTP(
            hostname=account.host,
            sock=await self._socket(),
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
            raise SenderTrouble(_code("mail_server_refused", error)) from None
        except (*_SILENCE, ValueError) as error:
            server.close()
            raise SenderTrouble(_silent("mail_server_unusable", error)) from None
        return server

    async def _socket(self) -> socket:
        host, port, inside = self._account.host, self._account.port, self._account.private_allowed
        try:
            return await connected_socket(host, port, private_allowed=inside, seconds_each=self._timeout)
        except PrivateAddress:
            raise SenderTrouble("mail_server_private") from None
        except (OSError, UnicodeError) as error:
            raise SenderTrouble(_silent("mail_server_unreachable", error)) from None


async def _hand_over(server: SMTP, sender: str, mail: Mail) -> None:
    """Until DATA nothing has left; from then on silence means that the outcome is unknown."""
    with _step(refused=_sender_refused, silent=SenderTrouble):
        await server.mail(sender)
    with _step(refused=_message_refused, silent=SenderTrouble):
        await server.rcpt(mail.recipient)
    with _step(refused=_message_refused, silent=OutcomeUnknown):
        await server.data(mail.content)


@contextmanager
def _step(*, refused: Callable[[SMTPResponseException], NotSent], silent: type[NotSent]) -> Iterator[None]:
    try:
        yield
    except SMTPResponseException as error:
        raise (refused(error) if error.code > 0 else silent(_code("mail_server_silent", error))) from None
    except _SILENCE as error:
        raise silent(_silent("mail_server_silent", error)) from None


def _sender_refused(error: SMTPResponseException) -> NotSent:
    return SenderTrouble(_code("mail_sender_refused", error))


def _message_refused(error: SMTPResponseException) -> NotSent:
    code = _code("mail_refused", error)
    if error.code == _SHUTTING_DOWN:
        return SenderTrouble(code)
    return PermanentFailure(code) if error.code >= _PERMANENT else TemporaryFailure(code)


def _code(code: str, error: SMTPResponseException) -> str:
    """The code with the reply's number, which aiosmtplib makes -1 for what is no reply. Its words go to the log."""
    log_words(code, f"{error.code} {error.message}")
    return f"{code}_{error.code}" if error.code > 0 else code


def _silent(code: str, error: Exception) -> str:
    log_words(code, type(error).__name__)
    return code


async def _leave(server: SMTP) -> None:
    """Close the conversation. The mail's outcome is known by now, so errors do not matter."""
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
