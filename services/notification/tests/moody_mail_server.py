"""A mail server that has something against some addresses, as servers have that ask the recipient's own first."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

DEFERS, CLOSES, SILENT, HANGS_UP, DRIPS, DRIPS_AT_END = "451", "421", "silent", "hangs up", "drips", "drips at the end"
BEFORE_DATA = (DEFERS, CLOSES, SILENT, HANGS_UP, DRIPS)


class MoodyServer:
    """Takes mail, but for the addresses in `moods`; `taken` lists who got one, in order.

    Args:
        mood_of: what it has against an address; None: nothing.
    """

    def __init__(self, mood_of: Callable[[str], str | None]) -> None:
        self.mood_of = mood_of
        self.taken: list[str] = []
        self.tried: list[str] = []

    async def talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One conversation."""
        with suppress(OSError, asyncio.IncompleteReadError):
            await self._answer(_Line(reader, writer))
        writer.close()

    async def _answer(self, line: "_Line") -> None:
        await line.say("220 ready")
        recipient = ""
        while said := await line.heard():
            match said[:4].upper():
                case "RCPT":
                    recipient = said.split("<")[1].split(">")[0]
                    self.tried.append(recipient)
                    if not await self._welcomes(recipient, line):
                        return
                case "DATA":
                    await self._take(recipient, line)
                case "QUIT":
                    await line.say("221 bye")
                    return
                case _:
                    await line.say("250 fine")

    async def _welcomes(self, recipient: str, line: "_Line") -> bool:
        """False when the conversation is over."""
        match self.mood_of(recipient):
            case "451":
                await line.say("451 4.3.0 try again later")
            case "421":
                await line.say("421 4.3.0 cannot reach the recipient's server now")
                return False
            case "silent":
                await line.heard()  # until the client goes
                return False
            case "hangs up":
                return False
            case "drips":
                await line.drip("250-wait")
            case _:
                await line.say("250 fine")
        return True

    async def _take(self, recipient: str, line: "_Line") -> None:
        await line.say("354 go on")
        await line.mail()
        if self.mood_of(recipient) == DRIPS_AT_END:
            await line.drip("250-wait")
            return
        self.taken.append(recipient)
        await line.say("250 taken")


class _Line:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def say(self, words: str) -> None:
        self._writer.write(words.encode() + b"\r\n")
        await self._writer.drain()

    async def heard(self) -> str:
        return (await self._reader.readline()).decode()

    async def mail(self) -> None:
        await self._reader.readuntil(b"\r\n.\r\n")

    async def drip(self, words: str) -> None:
        """Send the line again and again, until the client goes."""
        while not self._reader.at_eof():
            await self.say(words)
            with suppress(TimeoutError):
                await asyncio.wait_for(self._reader.read(1), 0.02)


@asynccontextmanager
async def serving(server: MoodyServer) -> AsyncIterator[int]:
    """The server on a free port of this machine, for the length of the block; gives the port."""
    listener = await asyncio.start_server(server.talk, "127.0.0.1", 0)
    async with listener:
        yield listener.sockets[0].getsockname()[1]
