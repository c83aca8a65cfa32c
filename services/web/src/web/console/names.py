"""The names of staff for their ids in logs and notes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

from web.console.apis import StaffApi, unless_away
from web.sessions.staff import StaffSession
from web.upstream.client import Answer

_STAFF: Final = "staff"
_RUNNER: Final = "runner"


class _Name(Answer):
    id: UUID
    name: str


class _Names(Answer):
    items: tuple[_Name, ...]


@dataclass(frozen=True)
class Who:
    """The person or part of the platform that did something.

    Attributes:
        kind: `staff`, `runner` or `system`.
        name: of a member of staff, if it is known.
    """

    kind: str
    name: str | None = None


@dataclass(frozen=True)
class StaffNames:
    """Names by id."""

    names: Mapping[UUID, str] = field(default_factory=dict)

    def who(self, actor: str) -> Who:
        """Return who an actor of the APIs is: `staff:<id>`, `runner`, `runner:<id>`, or the name of a service."""
        kind, _, subject = actor.partition(":")
        if kind == _RUNNER:
            return Who(_RUNNER)
        return self.member(subject) if kind == _STAFF else Who("system")

    def name_of(self, staff_id: UUID | str | None) -> str | None:
        """Return the name of a member of staff; None if it is not known."""
        return self.member(staff_id).name

    def member(self, staff_id: UUID | str | None) -> Who:
        """Return a member of staff."""
        try:
            found = UUID(str(staff_id))
        except ValueError:
            return Who(_STAFF)
        return Who(_STAFF, self.names.get(found))


async def staff_names(identity: StaffApi, staff: StaffSession) -> StaffNames:
    """Return the names of all staff; while identity is away, only one's own."""
    found = await unless_away(identity.briefly.get(_Names, "/staff/names"))
    own = {staff.account.id: staff.account.name}
    return StaffNames(own if found is None else {each.id: each.name for each in found.items} | own)
