"""Pages on which staff save, rename and delete their views."""

from collections.abc import Mapping
from typing import Annotated, Final
from uuid import UUID

from chassis.errors import StartlineError
from chassis.web.forms import form_of
from fastapi import Path, Query, Request, Response

from web.console.access import AnyStaff
from web.console.menu import ROOT
from web.console.pages import DONE, console_page
from web.console.routing import ConsoleRouter
from web.console.views.errors import NO_NAME, TooManyViews, ViewNameTaken
from web.console.views.lists import path_of, saved_part, with_race
from web.console.views.saved import SavedViews
from web.forms import FieldError, Form, typed
from web.languages import language_of_path, with_query
from web.pages import see_other
from web.sessions.staff import StaffSession

router = ConsoleRouter()

_LIST: Final = "/views/{page}"
_ONE: Final = f"{_LIST}/{{view_id}}"
_LONGEST_NAME: Final = 60

ListName = Annotated[str, Path(max_length=50)]
Race = Annotated[str, Query(max_length=255)]


@router.page(_LIST)
async def list_views(request: Request, staff: AnyStaff, page: ListName, race: Race = "") -> Response:
    """List the views that a member of staff saved of a list."""
    path = path_of(page)
    views = await views_of(request).of(staff.account.id, page)
    shown = [(view, with_race(view.query, race)) for view in views]
    return console_page(request, staff, "views/list.html", name=page, list_path=path, views=shown, race_slug=race)


@router.action(_LIST)
async def save(request: Request, staff: AnyStaff, page: ListName) -> Response:
    """Save the state of a list under a name."""
    path, values = path_of(page), await _typed(request)
    name, query, race = (values.get(each, "") for each in ("name", "query", "race"))
    query = saved_part(query)
    try:
        _check(name)
        await views_of(request).save(staff.account.id, page, name, query)
    except (ViewNameTaken, TooManyViews, _NoName) as error:
        form = _form(request, values, error)
        return console_page(
            request, staff, "views/save.html", status=error.status, form=form, name=page, list_path=path, race_slug=race
        )
    return see_other(
        request, with_query(path, with_race("&".join(part for part in (query, f"{DONE}=saved") if part), race))
    )


@router.page(_ONE)
async def show_view(request: Request, staff: AnyStaff, page: ListName, view_id: UUID, race: Race = "") -> Response:
    """Show the forms that rename and delete a view."""
    return await _page(request, staff, page, view_id, race)


@router.action(_ONE)
async def rename(request: Request, staff: AnyStaff, page: ListName, view_id: UUID) -> Response:
    """Give a view another name."""
    path_of(page)
    values = await _typed(request)
    name, race = values.get("name", ""), values.get("race", "")
    try:
        _check(name)
        await views_of(request).rename(staff.account.id, page, view_id, name)
    except (ViewNameTaken, _NoName) as error:
        return await _page(request, staff, page, view_id, race, _form(request, values, error), error.status)
    return _back(request, page, race, "renamed")


@router.action(f"{_ONE}/delete")
async def delete(request: Request, staff: AnyStaff, page: ListName, view_id: UUID) -> Response:
    """Delete a view."""
    path_of(page)
    values = await _typed(request)
    await views_of(request).delete(staff.account.id, page, view_id)
    return _back(request, page, values.get("race", ""), "deleted")


def views_of(request: Request) -> SavedViews:
    """Return the views of the application."""
    views: SavedViews = request.app.state.saved_views
    return views


class _NoName(StartlineError):
    code = "invalid_fields"
    status = 422


def _check(name: str) -> None:
    if not name or len(name) > _LONGEST_NAME:
        raise _NoName(NO_NAME)


def _form(request: Request, values: Mapping[str, str], error: StartlineError) -> Form:
    message = error.wording.said(language_of_path(request.url.path))
    return Form(values, [FieldError("name", message)])


async def _typed(request: Request) -> Mapping[str, str]:
    async with form_of(request) as form:
        return typed(form)


async def _page(
    request: Request,
    staff: StaffSession,
    page: str,
    view_id: UUID,
    race: str,
    form: Form | None = None,
    status: int = 200,
) -> Response:
    path_of(page)
    view = await views_of(request).one(staff.account.id, page, view_id)
    shown = form or Form({"name": view.name})
    return console_page(
        request, staff, "views/view.html", status=status, form=shown, view=view, name=page, race_slug=race
    )


def _back(request: Request, page: str, race: str, what: str) -> Response:
    return see_other(request, with_query(f"{ROOT}/views/{page}", with_race(f"{DONE}={what}", race)))
