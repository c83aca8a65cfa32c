"""`python -m simulators`: all simulators in one process, configured by `SIMULATORS_…` variables."""

import asyncio
import logging
import signal
import socket
from pathlib import Path

import uvicorn

from simulators.lifecycle import Simulators
from simulators.settings import Settings

_SECRETS = Path("/run/secrets")
_log = logging.getLogger("simulators")


class _Server(uvicorn.Server):
    """Releases the requests that the simulators delay before it waits for open requests."""

    def __init__(self, config: uvicorn.Config, simulators: Simulators) -> None:
        super().__init__(config)
        self._simulators = simulators

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        await self._simulators.stop()
        await super().shutdown(sockets)


async def serve(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    simulators = Simulators(settings)
    await simulators.start()
    _log.info("mail is taken on %s:%d", settings.smtp_host, simulators.smtp_port)
    config = uvicorn.Config(
        simulators.app,
        host=settings.host,
        port=settings.port,
        # Query strings contain addresses and numbers.
        access_log=False,
        timeout_graceful_shutdown=5,
    )
    try:
        await _Server(config, simulators).serve()
    finally:
        await simulators.stop()


def main() -> None:
    """Run the simulators. Exit with 0 after a signal; with 1 (mail) or 3 (HTTP) if an address is in use."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    # The webhook's URL contains a secret, and httpx logs URLs.
    logging.getLogger("httpx").setLevel(logging.WARNING)
    # uvicorn raises the signal again once it has stopped; this makes that a normal exit.
    for wanted in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wanted, lambda *_: None)
    try:
        asyncio.run(serve(Settings(_secrets_dir=_SECRETS if _SECRETS.is_dir() else None)))
    except OSError as error:
        _log.critical("cannot start: %s", error)
        raise SystemExit(1) from error


if __name__ == "__main__":
    main()
