"""What registration and notification answer to the console's list of registrations."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

import httpx
from chassis.errors import NotFound
from web.console.views.errors import TooManyViews, ViewNameTaken
from web.console.views.tables import SavedView

from .conftest import NOW, category
from .runner_apis import problem
from .walk_staff import API, json_of

NOTIFICATION: Final = "/api/notification/v1"
FIRST: Final = "0190c0de-0000-7000-8000-0000000000a1"
SECOND: Final = "0190c0de-0000-7000-8000-0000000000a2"
VIEW: Final = UUID("0190c0de-0000-7000-8000-0000000000b1")
MESSAGE: Final = "0190c0de-0000-7000-8000-0000000000c1"
LIST: Final = ("GET", f"{API}/registrations")
LOOKUP: Final = ("GET", f"{API}/registrations/lookup")
BULK_CANCEL: Final = ("POST", f"{API}/registrations/bulk/cancel")
EXPORTS: Final = ("POST", f"{API}/exports")
VIEWS: Final = ("Belum 10K", "Lunas")


def summary(registration_id: str = FIRST, number: str = "FR5K-2027-00001", **fields: Any) -> dict[str, Any]:
    """Return a registration as the list has it."""
    at = NOW.isoformat()
    return {
        "registration_id": registration_id,
        "registration_number": number,
        "category_id": category()["id"],
        "registration_type": "individual",
        "status": "payment_verified",
        "total_participants": 1,
        "total_amount": "150000.00",
        "created_at": at,
        "expires_at": at,
        "pic_name": "Budi Santoso",
        **fields,
    }


SUMMARIES: Final = (
    summary(),
    summary(
        SECOND,
        "FR5K-2027-00002",
        status="pending_payment",
        pic_name="Sari Dewi",
        registration_type="collective_5",
        category_id=FIRST,
    ),
)


def listed(*items: dict[str, Any], more: str | None = "x") -> httpx.Response:
    """Return a page of the list. The same answer has the ids of all that match."""
    ids = [each["registration_id"] for each in items]
    matching = {"registration_ids": ids, "count": len(ids), "more": False, "total": len(ids)}
    return json_of({"items": list(items), "next_cursor": more, **matching})


def _detail(number: int) -> dict[str, Any]:
    people = [{"full_name": SUMMARIES[number]["pic_name"], "is_pic": True}]
    return {**SUMMARIES[number], "participants": people}


def effects(**fields: Any) -> httpx.Response:
    """Return what cancelling a registration does."""
    usual = {"places_freed": 1, "bibs_burned": 1, "proof_waiting": True, "refund_due": "150000.00"}
    return json_of({**usual, **fields})


def outcomes(*results: tuple[str, str, str | None]) -> httpx.Response:
    """Return what became of each registration."""
    items = [{"registration_id": each, "result": result, "detail": detail} for each, result, detail in results]
    return json_of({"items": items})


def message(message_id: str = MESSAGE, **fields: Any) -> dict[str, Any]:
    """Return a message of the log."""
    usual = {"resend_of": None, "participant_id": FIRST, "channel": "email", "created_at": "2027-01-01T00:00:00Z"}
    return {"id": message_id, **usual, "sent_at": "2027-01-01T00:00:00Z", **fields}


def hit(registration_id: str = FIRST, kind: str = "name", **fields: Any) -> dict[str, Any]:
    """Return a registration that was looked up."""
    usual = {"registration_number": "FR5K-2027-00001", "label": "Budi Santoso"}
    return {"kind": kind, "registration_id": registration_id, **usual, **fields}


KINDS: Final = ("number", "bib", "ticket", "email", "whatsapp", "name", "newest")

ANSWERS: Mapping[tuple[str, str], httpx.Response] = {
    ("GET", "/api/payment/v1/invoices"): json_of({"items": []}),
    LIST: listed(*SUMMARIES),
    LOOKUP: json_of({"items": [hit(kind=kind) for kind in KINDS]}),
    ("GET", f"{API}/registrations/{FIRST}"): json_of(_detail(0)),
    ("GET", f"{API}/registrations/{SECOND}"): json_of(_detail(1)),
    ("GET", f"{API}/registrations/{FIRST}/cancellation"): effects(),
    ("GET", f"{API}/registrations/{SECOND}/cancellation"): problem(409, "not_cancellable"),
    BULK_CANCEL: outcomes((FIRST, "done", None), (SECOND, "refused", "123")),
    EXPORTS: httpx.Response(202, json={"export_id": FIRST, "state": "waiting"}),
    ("GET", f"{NOTIFICATION}/notifications"): json_of({"items": [message()], "next_cursor": None}),
    ("POST", f"{NOTIFICATION}/notifications/{MESSAGE}/resend"): httpx.Response(202, json={"id": MESSAGE}),
}


class ViewsOfTheOwner:
    """The two views of the console's owner."""

    async def of(self, staff_id: UUID, page: str) -> list[SavedView]:
        """Return the views."""
        queries = "status=pending_payment&category=10k", "status=payment_verified"
        return [self._view(name, query) for name, query in zip(VIEWS, queries, strict=True)]

    async def one(self, staff_id: UUID, page: str, view_id: UUID) -> SavedView:
        """Return the only view that can be opened.

        Raises:
            NotFound.
        """
        if view_id != VIEW:
            raise NotFound
        return self._view(VIEWS[0], "q=budi")

    async def save(self, staff_id: UUID, page: str, name: str, query: str) -> None:
        """Refuse the names that say so.

        Raises:
            ViewNameTaken, TooManyViews.
        """
        if name in VIEWS:
            raise ViewNameTaken
        if name == "51":
            raise TooManyViews

    async def rename(self, staff_id: UUID, page: str, view_id: UUID, name: str) -> None:
        """Refuse a name that another view has.

        Raises:
            ViewNameTaken.
        """
        if name in VIEWS:
            raise ViewNameTaken

    async def delete(self, staff_id: UUID, page: str, view_id: UUID) -> None:
        """Delete nothing."""

    def _view(self, name: str, query: str) -> SavedView:
        return SavedView(id=VIEW, page="registrations", name=name, query=query, created_at=NOW)
