"""Everybody downloads one file at a time."""

from collections.abc import AsyncIterator, Sequence
from typing import Any
from uuid import uuid4

import pytest
from chassis.web.downloads import DownloadRunning, Downloads


async def _rows() -> AsyncIterator[Sequence[Sequence[Any]]]:
    yield [["first"]]
    yield [["last"]]


async def test_a_second_download_of_somebody_waits_until_the_last_row_of_the_first_was_read() -> None:
    downloads, somebody = Downloads(), uuid4()
    with downloads.one_of(somebody) as until_read:
        rows = until_read(_rows())
        await anext(rows)
        with pytest.raises(DownloadRunning), downloads.one_of(somebody):
            pass
        assert [batch async for batch in rows] == [[["last"]]]

        with downloads.one_of(somebody):  # the server has not cleared up behind the first
            pass


async def test_a_download_that_ends_late_does_not_end_the_next_one() -> None:
    downloads, somebody = Downloads(), uuid4()
    with downloads.one_of(somebody) as until_read:
        assert len([batch async for batch in until_read(_rows())]) == 2
        following = downloads.one_of(somebody)
        following.__enter__()
    with pytest.raises(DownloadRunning), downloads.one_of(somebody):
        pass


def test_a_download_that_was_never_read_ends_with_its_answer() -> None:
    downloads, somebody = Downloads(), uuid4()
    with downloads.one_of(somebody):
        pass
    with downloads.one_of(somebody), downloads.one_of(uuid4()):
        pass
