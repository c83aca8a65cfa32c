"""The entries of a timeline, and their names."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final


@dataclass(frozen=True)
class Item:
    """Something that happened to a registration.

    Attributes:
        key: tells items of the same moment apart; the larger one is the newer.
        actor: who did it, as in the audit log: `staff:<id>`, `runner:<id>`, or the name of a service.
        details: what else is known about it, by name.
    """

    at: datetime
    key: str
    kind: str
    actor: str
    details: Mapping[str, Any] = field(default_factory=dict)


_KINDS: Final[Mapping[str, str]] = {
    "registration.cancel": "cancelled",
    "registration.move_deadline": "deadline_moved",
    "registration.reopen": "reopened",
    "participant.correct": "corrected",
    "access_code.replace": "link_replaced",
    "waitlist.offer": "offered_by_staff",
}
_SHOWN_ELSEWHERE: Final = frozenset({"note.write"})


def of_audit(
    entry_id: int, at: datetime, actor: str, action: str, subject: str, details: Mapping[str, Any]
) -> Item | None:
    """Return the item of an audit entry; None if another source has it. Unknown actions keep their name."""
    if action in _SHOWN_ELSEWHERE:
        return None
    return Item(at, f"audit:{entry_id:020d}", _KINDS.get(action, action), actor, _details(subject, details))


def _details(subject: str, details: Mapping[str, Any]) -> dict[str, Any]:
    """Return the details to show: of a correction only the names of the fields."""
    kind, _, subject_id = subject.partition(":")
    if kind == "participant":
        return {"participant_id": subject_id, "fields": sorted({*details.get("before", {}), *details.get("after", {})})}
    return dict(details)
