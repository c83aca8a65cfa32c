"""E-mail by SMTP. Each mail uses its own connection, as limits allow only a few per minute."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from functools import cache
from pathlib import Path
from socket import socket

from aiosmtplib import SMTP, SMTPException, SMTPResponseException
from chassis.clock import Clock

from notification.channels.accounts import MailAccount
from notification.channels.connections import connected_socket
from notification.channels.errors import (
    NotSent,
    OutcomeUnknown,
    PermanentFailure,
    PrivateAddress,
    SenderFailure,
    TemporaryFailure,
)
from notification.channels.mail import Mail, build_mail
from notification.channels.port import Culprit, OutboundMessage, Security
from notification.channels.provider_log import log_provider_text, note_provider_text

_SHUTTING_DOWN = 421
_PERMANENT = 500
_NO_REPLY = (SMTPException, OSError, TimeoutError)


class SmtpChannel:
    """Sends mails through one mail server.

    Args:
        tls: verifies the server's certificate.
        timeout: seconds for each step of the conversation.
        limit: seconds for the whole conversation.
    """

    def __init__(
        self, account: MailAccount, *, tls: ssl.SSLContext, timeout: float, limit: float = 90.0, clock: Clock
    ) -> None:
        self._account = account
        self._tls = tls
        self._timeout = timeout
        self._limit = limit
        self._clock = clock

    async def send(self, message: OutboundMessage) -> str | None:
        """See `MessageChannel`."""
        account = self._account
        mail = build_mail(message, from_address=account.from_address, from_name=account.from_name, now=self._clock())
        until = asyncio.get_running_loop().time() + self._limit
        server = await self._connect(until)
        try:
            await _transfer(server, account.from_address, mail, until)
        finally:
            await _quit(server, until)
        return None

    async def _connect(self, until: float) -> SMTP:
        account = self._account
        server = SMTP(
            hostname=account.host,
            sock=await self._socket(until),
            username=account.username or None,
            password=account.password or None,
            use_tls=account.security is Security.TLS,
            start_tls=account.security is Security.STARTTLS,
            tls_context=self._tls,
            timeout=self._timeout,
        )
        try:
            async with asyncio.timeout_at(until):
                await server.connect()
        except SMTPResponseException as error:
            server.close()
            raise _sender_failure(_code("mail_server_refused", error)) from None
        except (*_NO_REPLY, ValueError) as error:
            server.close()
            raise _sender_failure(_silent("mail_server_unusable", error)) from None
        return server

    async def _socket(self, until: float) -> socket:
        host, port, inside = self._account.host, self._account.port, self._account.private_allowed
        try:
            async with asyncio.timeout_at(until):
                return await connected_socket(host, port, private_allowed=inside, seconds_each=self._timeout)
        except PrivateAddress:
            raise _sender_failure("mail_server_private") from None
        except (OSError, UnicodeError) as error:
            raise _sender_failure(_silent("mail_server_unreachable", error)) from None


async def _transfer(server: SMTP, sender: str, mail: Mail, until: float) -> None:
    """Transfer the mail. Before DATA a missing reply is a failure; after it the outcome is unknown."""
    async with _step(until, refused=_sender_refused, silent=_sender_failure):
        await server.mail(sender)
    async with _step(until, refused=_message_refused, silent=_recipient_failure):
        await server.rcpt(mail.recipient)
    async with _step(until, refused=_message_refused, silent=OutcomeUnknown):
        code, words = await server.data(mail.content)
        note_provider_text(f"{code} {words}")


@asynccontextmanager
async def _step(
    until: float, *, refused: Callable[[SMTPResponseException], NotSent], silent: Callable[[str], NotSent]
) -> AsyncIterator[None]:
    try:
        async with asyncio.timeout_at(until):
            yield
    except SMTPResponseException as error:
        raise (refused(error) if error.code > 0 else silent(_code("mail_server_silent", error))) from None
    except _NO_REPLY as error:
        raise silent(_silent("mail_server_silent", error)) from None


def _sender_refused(error: SMTPResponseException) -> NotSent:
    return _sender_failure(_code("mail_sender_refused", error))


def _sender_failure(code: str) -> NotSent:
    """Return a failure before any recipient was named."""
    return SenderFailure(code, Culprit.SENDER)


def _recipient_failure(code: str) -> NotSent:
    """Return a failure that may concern this recipient only: some servers ask the recipient's server meanwhile."""
    return SenderFailure(code, Culprit.RECIPIENT)


def _message_refused(error: SMTPResponseException) -> NotSent:
    code = _code("mail_refused", error)
    if error.code == _SHUTTING_DOWN:
        return _recipient_failure(code)
    return PermanentFailure(code) if error.code >= _PERMANENT else TemporaryFailure(code)


def _code(code: str, error: SMTPResponseException) -> str:
    """Return the code with the number of the reply, and log its text. aiosmtplib gives -1 for an invalid reply."""
    log_provider_text(code, f"{error.code} {error.message}")
    return f"{code}_{error.code}" if error.code > 0 else code


def _silent(code: str, error: Exception) -> str:
    log_provider_text(code, type(error).__name__)
    return code


async def _quit(server: SMTP, until: float) -> None:
    """Close the connection. The outcome is known by now, so errors are ignored."""
    with suppress(*_NO_REPLY):
        async with asyncio.timeout_at(until):
            await server.quit()
    server.close()


@cache
def tls_context(ca_file: Path | None = None) -> ssl.SSLContext:
    """Return a context that trusts the authorities of the system and of `ca_file`. It is shared: do not modify it."""
    context = ssl.create_default_context()
    if ca_file is not None:
        context.load_verify_locations(ca_file)
    return context
