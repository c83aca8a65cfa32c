"""Checking that the pages are there, if it is known where."""

from typing import Final

import httpx

from standalone.doctor.findings import Diagnosis

_SECONDS: Final = 5.0
_SHOWN: Final = {"/health/ready": "the service of pages is not ready", "/": "the list of races cannot be shown"}


async def examine_pages(diagnosis: Diagnosis, http: httpx.AsyncClient) -> None:
    """Report the first that is wrong: the readiness of the service, or a page that needs registration's API."""
    for path, detail in _SHOWN.items():
        reason = await _failure(http, path)
        if reason is not None:
            diagnosis.found("pages_unavailable", detail, path=path, reason=reason)
            return


async def _failure(http: httpx.AsyncClient, path: str) -> str | None:
    try:
        answer = await http.get(path, timeout=_SECONDS)
    except httpx.HTTPError as error:
        return type(error).__name__
    return None if answer.is_success else str(answer.status_code)
