"""HEAD asks for the head of what GET would answer."""

import httpx
import pytest


@pytest.mark.parametrize("path", ["/", "/en/privacy", "/robots.txt", "/nowhere", "/r/FR5K-00001"])
async def test_head_is_get_without_content(path: str, site: httpx.AsyncClient) -> None:
    whole, head = await site.get(path), await site.head(path)
    assert head.status_code == whole.status_code
    assert head.content == b""
    assert head.headers["content-type"] == whole.headers["content-type"]
    assert head.headers["content-length"] == str(len(whole.content))
