"""Services behind the gateway that do as a test says."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress


class Service:
    """Answers every request with what it is set to, or not at all."""

    def __init__(self) -> None:
        self.port = 0
        self.status = "200 OK"
        self.body = b"first"
        self.headers: Mapping[str, str] = {}
        self.silent = False
        self.breaks = False
        self.asked = 0
        self.heads: list[str] = []
        self._writers: list[asyncio.StreamWriter] = []

    @asynccontextmanager
    async def serving(self, port: int = 0) -> AsyncIterator[str]:
        """Its host and port, while it is up."""
        server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield f"127.0.0.1:{self.port}"
        finally:
            server.close()
            for writer in self._writers:
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        with suppress(EOFError, OSError):
            await self._answer(reader, writer)

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.heads.append(head.decode())
        self.asked += 1
        if self.breaks:
            writer.close()
        elif not self.silent:
            lines = [f"HTTP/1.1 {self.status}", f"Content-Length: {len(self.body)}", "Connection: close"]
            lines += [f"{name}: {value}" for name, value in self.headers.items()]
            writer.write("\r\n".join([*lines, "", ""]).encode() + self.body)
            await writer.drain()
            writer.close()
