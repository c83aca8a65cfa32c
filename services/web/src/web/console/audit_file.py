"""The audit logs of several services as one file, newest first."""

import codecs
import heapq
from collections.abc import AsyncIterator, Mapping
from datetime import datetime

import httpx

_BOM = "\ufeff"


async def merged(files: Mapping[str, httpx.Response]) -> AsyncIterator[bytes]:
    """Yield CSV files of services, each newest first, as one; its first column names the service.

    The first column of each file is the time.
    """
    records = {name: _records(file) for name, file in files.items()}
    header = ""
    for each in records.values():
        header = await anext(each, header)
    yield f"{_BOM}service,{header}".encode()
    heads = [head for name, each in records.items() async for head in _next(name, each)]
    heapq.heapify(heads)
    while heads:
        _, name, record = heads[0]
        yield f"{name},{record}".encode()
        heapq.heappop(heads)
        async for head in _next(name, records[name]):
            heapq.heappush(heads, head)


async def _next(name: str, records: AsyncIterator[str]) -> AsyncIterator[tuple[float, str, str]]:
    """Yield the next record of a service behind its place in the order, if there is one."""
    record = await anext(records, None)
    if record is not None:
        at = datetime.fromisoformat(record.partition(",")[0])
        yield -at.timestamp(), name, record


async def _records(file: httpx.Response) -> AsyncIterator[str]:
    """Yield the records of a CSV file with their ends. A line ends inside a cell while its quotes are odd in number."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    begun = record = ""
    async for piece in file.aiter_bytes():
        *lines, begun = (begun + decoder.decode(piece)).split("\n")
        for line in lines:
            record += f"{line}\n"
            if record.count('"') % 2 == 0:
                yield record
                record = ""
