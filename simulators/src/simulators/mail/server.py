"""The SMTP server of the mail simulator, in the caller's event loop."""

import asyncio
import hmac
import logging
import ssl
from dataclasses import dataclass

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session

from simulators.mail.certificate import Certificate
from simulators.mail.inbox import MailInbox, MailMode

LARGEST_MAIL = 20 * 1024 * 1024
HOSTNAME = "mail.simulator"

# aiosmtpd logs every command, which includes senders and recipients.
logging.getLogger("mail.log").setLevel(logging.ERROR)


@dataclass(frozen=True, slots=True)
class Login:
    """The only account that may send."""

    username: str
    password: str

    def matches(self, given: LoginPassword) -> bool:
        same_name = hmac.compare_digest(given.login, self.username.encode())
        return hmac.compare_digest(given.password, self.password.encode()) and same_name


class MailServer:
    """Listens for SMTP and stores mails in `inbox`; with a `login`, only after LOGIN or PLAIN."""

    def __init__(
        self,
        inbox: MailInbox,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        login: Login | None = None,
        certificate: Certificate | None = None,
    ) -> None:
        self._inbox = inbox
        self._address = (host, port)
        self._rules = _Rules(inbox, login)
        self._tls = certificate.server_context() if certificate else None
        self._server: asyncio.Server | None = None
        self._open: set[_Connection] = set()

    @property
    def port(self) -> int:
        """Return the port it listens on.

        Raises:
            RuntimeError: the server was not started.
        """
        if self._server is None:
            raise RuntimeError("the mail server is not running")
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def start(self) -> None:
        """Start listening.

        Raises:
            OSError: the address is in use.
        """
        self._server = await asyncio.get_running_loop().create_server(self._connect, *self._address)

    async def stop(self) -> None:
        """Close the port and abort all connections."""
        if self._server is None:
            return
        self._server.close()
        await asyncio.gather(*(connection.cut() for connection in self._open))
        await self._server.wait_closed()
        self._server = None

    def _connect(self) -> asyncio.BaseProtocol:
        if self._inbox.mode is MailMode.DOWN:
            return _Dropped()
        return _Connection(self._rules, self._tls, self._open)


class _Dropped(asyncio.Protocol):
    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        transport.close()


class _Connection(SMTP):
    def __init__(self, rules: "_Rules", tls: ssl.SSLContext | None, connections: "set[_Connection]") -> None:
        self._connections = connections
        super().__init__(
            rules,
            hostname=HOSTNAME,
            ident="Startline mail simulator",
            data_size_limit=LARGEST_MAIL,
            enable_SMTPUTF8=True,
            tls_context=tls,
            auth_require_tls=tls is not None or rules.login is None,
            authenticator=rules.authenticate,
            loop=asyncio.get_running_loop(),
        )

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._connections.add(self)
        super().connection_made(transport)

    def connection_lost(self, error: Exception | None) -> None:
        self._connections.discard(self)
        super().connection_lost(error)

    def abort(self) -> None:
        if isinstance(self.transport, asyncio.WriteTransport):
            self.transport.abort()

    async def cut(self) -> None:
        """Abort, and return once the session's task has ended."""
        self.abort()
        session = self._handler_coroutine
        if session is not None:
            session.cancel()
            await asyncio.wait({session})


class _Rules:
    """Hooks that decide what is accepted; aiosmtpd calls them with the connection first."""

    def __init__(self, inbox: MailInbox, login: Login | None) -> None:
        self._inbox = inbox
        self.login = login

    def authenticate(
        self, _smtp: SMTP, _session: Session, _envelope: Envelope, _mechanism: str, given: object
    ) -> AuthResult:
        known = self.login is not None and isinstance(given, LoginPassword) and self.login.matches(given)
        return AuthResult(success=known, handled=False)

    async def handle_MAIL(  # noqa: N802 - aiosmtpd looks its hooks up by these names
        self, smtp: _Connection, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        if self._inbox.mode is MailMode.DOWN:
            smtp.abort()
        # Checked here and not by aiosmtpd, which warns about every login without TLS; on one machine that is
        # acceptable.
        if self.login is not None and not session.authenticated:
            return "530 5.7.0 Authentication required"
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(  # noqa: N802 - as above
        self, smtp: _Connection, _session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        match self._inbox.mode:
            case MailMode.FAILING:
                return "550 5.1.1 Mailbox unavailable"
            case MailMode.DEFERRED:
                return "451 4.3.0 Try again later"
            case MailMode.DOWN:
                smtp.abort()
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(  # noqa: N802 - as above
        self, smtp: _Connection, _session: Session, envelope: Envelope
    ) -> str:
        if self._inbox.mode is MailMode.DOWN:
            smtp.abort()
            return "421 4.3.2 Closing"
        raw = envelope.original_content or b""
        self._inbox.receive(envelope.mail_from or "", envelope.rcpt_tos, raw)
        return "250 OK: kept"
