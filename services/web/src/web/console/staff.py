"""Staff: accounts, roles, and ends of sessions. For owners only."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from chassis.auth.principals import Role
from chassis.errors import NotFound
from chassis.web.forms import form_of
from fastapi import Query, Request, Response

from web.console.access import Owner
from web.console.apis import Failure, Identity, StaffApi
from web.console.menu import ROOT
from web.console.pages import console_page, done, form_after
from web.console.routing import ConsoleRouter
from web.forms import Form, typed
from web.sessions.staff import StaffSession
from web.upstream.client import Answer
from web.upstream.identity import Account

router = ConsoleRouter()

_PATH: Final = "/staff"
_NEW: Final = f"{_PATH}/new"
_ONE: Final = f"{_PATH}/{{staff_id}}"
_MOST: Final = 200

Cursor = Annotated[str | None, Query(max_length=1000)]


class Member(Account):
    """A member of staff, in the list of all."""

    is_active: bool
    created_at: datetime


class _Members(Answer):
    items: tuple[Member, ...]
    next_cursor: str | None = None


@router.page(_PATH)
async def list_staff(request: Request, staff: Owner, identity: Identity, cursor: Cursor = None) -> Response:
    """List all accounts."""
    found = await identity.get(_Members, "/staff", cursor=cursor)
    return console_page(request, staff, "staff.html", members=found.items, next_cursor=found.next_cursor, cursor=cursor)


@router.page(_NEW)
async def show_new(request: Request, staff: Owner) -> Response:
    """The form for a new account."""
    return _new_page(request, staff, {"role": Role.VIEWER.value})


@router.action(_NEW)
async def create(request: Request, staff: Owner, identity: Identity) -> Response:
    """Create an account."""
    values = await _typed(request)
    body = {name: values.get(name, "") for name in ("name", "email", "role", "password")}
    failure = await identity.change("POST", "/staff", body)
    return done(request, f"{ROOT}{_PATH}", "created") if failure is None else _new_page(request, staff, values, failure)


@router.page(_ONE)
async def show_member(request: Request, staff: Owner, identity: Identity, staff_id: UUID) -> Response:
    """One account, with the form that changes it."""
    return _page(request, staff, await _member(identity, staff_id))


@router.action(_ONE)
async def save(request: Request, staff: Owner, identity: Identity, staff_id: UUID) -> Response:
    """Change an account; a new role or password, or disabling it, ends its sessions."""
    values = await _typed(request)
    failure = await identity.change("PATCH", f"/staff/{staff_id}", _changes(values))
    if failure is None:
        return done(request, f"{ROOT}{_PATH}/{staff_id}", "saved")
    return _page(request, staff, await _member(identity, staff_id), values, failure)


@router.action(f"{_ONE}/end-sessions")
async def end_sessions(request: Request, staff: Owner, identity: Identity, staff_id: UUID) -> Response:  # noqa: ARG001  # the gate
    """End all sessions of an account."""
    await identity.call("DELETE", f"/staff/{staff_id}/sessions")
    return done(request, f"{ROOT}{_PATH}/{staff_id}", "ended")


def _changes(values: Mapping[str, str]) -> Mapping[str, Any]:
    """Return what to change. An empty password stays as it is."""
    changes: dict[str, Any] = {name: values.get(name, "") for name in ("name", "role")}
    changes["is_active"] = "is_active" in values
    return changes | ({"password": values["password"]} if values.get("password") else {})


async def _typed(request: Request) -> Mapping[str, str]:
    async with form_of(request) as form:
        return typed(form)


async def _member(identity: StaffApi, staff_id: UUID) -> Member:
    """Return an account.

    Raises:
        NotFound.
    """
    cursor = None
    while True:
        found = await identity.get(_Members, "/staff", limit=_MOST, cursor=cursor)
        member = next((each for each in found.items if each.id == staff_id), None)
        if member is not None:
            return member
        if found.next_cursor is None:
            raise NotFound
        cursor = found.next_cursor


def _new_page(
    request: Request, staff: StaffSession, values: Mapping[str, str], failure: Failure | None = None
) -> Response:
    return _shown(request, staff, "staff_new.html", form_after(_without_secret(values), failure), failure)


def _page(
    request: Request,
    staff: StaffSession,
    member: Member,
    values: Mapping[str, str] | None = None,
    failure: Failure | None = None,
) -> Response:
    now = {"name": member.name, "role": member.role.value, **({"is_active": "yes"} if member.is_active else {})}
    form = form_after(now if values is None else _without_secret(values), failure)
    return _shown(request, staff, "staff_member.html", form, failure, member=member)


def _shown(
    request: Request, staff: StaffSession, template: str, form: Form, failure: Failure | None, **values: Any
) -> Response:
    status, message = (failure.status, failure.message) if failure else (200, None)
    return console_page(
        request,
        staff,
        template,
        status=status,
        form=form,
        message=message,
        role_names=[role.value for role in Role],
        **values,
    )


def _without_secret(values: Mapping[str, str]) -> Mapping[str, str]:
    return {name: value for name, value in values.items() if name != "password"}
