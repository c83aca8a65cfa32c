"""Building, starting and stopping all simulators."""

import httpx
from fastapi import FastAPI

from simulators.app import Inboxes, build_app
from simulators.chain import ChainNetwork
from simulators.fonnte.courier import Courier, Webhook
from simulators.fonnte.inbox import DEVICE, WhatsAppInbox
from simulators.mail.certificate import Certificate
from simulators.mail.inbox import MailInbox
from simulators.mail.server import Login, MailServer
from simulators.midtrans import MidtransAccount
from simulators.rates import Rates, Source
from simulators.settings import Settings


class Simulators:
    """Fonnte, Midtrans, an EVM network, prices of USDT and a mail server in the caller's event loop.

    `app` is the HTTP application, to be served or mounted at the root by the caller; `whatsapp` and `mail` are the
    inboxes, `midtrans` the merchant account, `chain` the network and `rates` the prices; `certificate` is used for
    STARTTLS, None without it. Stop the simulators before the HTTP server: `stop` releases requests that a mode delays.
    """

    def __init__(
        self, settings: Settings | None = None, *, midtrans_transport: httpx.AsyncBaseTransport | None = None
    ) -> None:
        """Build the simulators.

        Args:
            midtrans_transport: posts Midtrans' notifications instead of the network, if it is given.

        Raises:
            OSError, ssl.SSLError: a configured certificate is unusable.
        """
        settings = settings or Settings()
        self.mail = MailInbox(settings)
        self.whatsapp = WhatsAppInbox(settings, _courier(settings))
        self.midtrans = MidtransAccount(settings, midtrans_transport)
        self.chain = ChainNetwork(settings)
        self.rates = Rates(Source(settings.rates_idr_per_usdt), Source(settings.rates_idr_per_usdt))
        self.certificate = _certificate(settings)
        self.app: FastAPI = build_app(Inboxes(self.mail, self.whatsapp, self.midtrans, self.chain, self.rates))
        self._smtp = MailServer(
            self.mail,
            host=settings.smtp_host,
            port=settings.smtp_port,
            login=_login(settings),
            certificate=self.certificate,
        )

    @property
    def smtp_port(self) -> int:
        """Return the SMTP port.

        Raises:
            RuntimeError: the server was not started.
        """
        return self._smtp.port

    async def start(self) -> None:
        """Start the simulators.

        Raises:
            OSError: the SMTP address is in use.
        """
        self.whatsapp.start()
        self.rates.closing.clear()
        await self._smtp.start()
        self.midtrans.start()

    async def stop(self) -> None:
        """Stop everything, including running deliveries; may be called twice."""
        self.rates.closing.set()
        await self.midtrans.stop()
        await self.whatsapp.stop()
        await self._smtp.stop()


def _courier(settings: Settings) -> Courier:
    webhook = None
    if settings.webhook is not None:
        webhook = Webhook(
            settings.webhook,
            attempts=settings.fonnte_webhook_attempts,
            gap_seconds=settings.fonnte_webhook_gap_seconds,
        )
    return Courier(
        device=DEVICE,
        webhook=webhook,
        delivered_after=settings.fonnte_delivered_after_seconds,
        limit=settings.keep_messages,
    )


def _login(settings: Settings) -> Login | None:
    if settings.mail_username is None or settings.mail_password is None:
        return None
    return Login(settings.mail_username, settings.mail_password.get_secret_value())


def _certificate(settings: Settings) -> Certificate | None:
    if settings.tls_certificate is not None and settings.tls_key is not None:
        return Certificate.from_files(settings.tls_certificate, settings.tls_key)
    if settings.mail_starttls:
        return Certificate.self_made(["localhost", "127.0.0.1", "::1", "simulators"])
    return None
