"""Kinds and formats of files."""

from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from fastapi import Request


class FileFormat(StrEnum):
    """Format of a file."""

    CSV = "csv"
    XLSX = "xlsx"


class Kind(StrEnum):
    """What a file contains."""

    PARTICIPANTS = "participants"
    JERSEYS = "jerseys"
    BIBS = "bibs"
    TIMING = "timing"
    INSURANCE = "insurance"

    @property
    def path(self) -> str:
        """Return where registration serves it, without the format."""
        return "/participants" if self is Kind.PARTICIPANTS else f"/exports/{self}"


def file_name(request: Request, file_format: str, *parts: str) -> str:
    """Return the name of a file from today: `bibs-jakarta-fun-run-2027-08-17.xlsx`."""
    today: datetime = request.app.state.clock().astimezone(ZoneInfo(request.app.state.settings.timezone))
    return f"{'-'.join((*parts, today.date().isoformat()))}.{file_format}"
