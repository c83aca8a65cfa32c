"""Accepting lines of a statement as they were proposed, many at once."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Self
from uuid import UUID

from web.console.apis import Failure, StaffApi, unless_away
from web.console.registrations.selection import each_of
from web.console.statements.models import Accepted, Line
from web.upstream.client import Refused

TAKEN: Final = "line_decided"
"""Code of the refusal of a decision about a line that is decided already, or held."""

_HELD: Final = "held"
_SECONDS: Final = 15.0
"""After so many seconds no further line is accepted: the gateway waits for 30."""


@dataclass(frozen=True)
class Ticked:
    """A line that was ticked, with the registrations that it was proposed for."""

    line_id: UUID
    registration_ids: Sequence[UUID]

    @classmethod
    def value(cls, line: Line) -> str:
        """Return what a form sends of a line."""
        return " ".join(str(each) for each in (line.id, *line.proposed))

    @classmethod
    def read(cls, value: str) -> Self | None:
        """Return what a form sent; None if it is nothing of ours."""
        try:
            line_id, *registration_ids = (UUID(each) for each in value.split())
        except ValueError:
            return None
        return cls(line_id, registration_ids) if registration_ids else None

    @property
    def body(self) -> Mapping[str, Any]:
        """Return what payment is asked for."""
        return acceptance(self.registration_ids)


def acceptance(registration_ids: Iterable[UUID]) -> Mapping[str, Any]:
    """Return the body that accepts a line for one registration, or for several whose sum it is."""
    found = [str(each) for each in registration_ids]
    return {"registration_id": found[0]} if len(found) == 1 else {"registration_ids": found}


class Verdict(StrEnum):
    """What was done about a line.

    Attributes:
        KEPT: accepted, and its money is kept as surplus.
        DECIDED: something else was decided about it before.
        HELD: it waits with its proof for a second person.
        UNTRIED: there was no time left for it.
    """

    ACCEPTED = "accepted"
    KEPT = "kept"
    DECIDED = "decided"
    HELD = "held"
    REFUSED = "refused"
    UNTRIED = "untried"


@dataclass(frozen=True)
class Result:
    """What was done about one line.

    Attributes:
        failure: what payment answered instead of accepting it.
        line: as it is now; None if it is just accepted, or cannot be read.
    """

    ticked: Ticked
    verdict: Verdict
    failure: Failure | None = None
    line: Line | None = None

    @classmethod
    def of(cls, ticked: Ticked, answer: Accepted | Failure) -> Self:
        """Return what an answer of payment says."""
        if isinstance(answer, Accepted):
            return cls(ticked, Verdict.KEPT if answer.is_kept else Verdict.ACCEPTED)
        if answer.code != TAKEN:
            return cls(ticked, Verdict.REFUSED, answer)
        return cls(ticked, Verdict.HELD if answer.members.get("state") == _HELD else Verdict.DECIDED, answer)

    @property
    def is_accepted(self) -> bool:
        """Return whether the line is accepted."""
        return self.verdict in (Verdict.ACCEPTED, Verdict.KEPT)

    @property
    def reason(self) -> str:
        """Return what payment says about a refusal."""
        if self.failure is None:
            return ""
        return self.failure.message or " ".join(each.message for each in self.failure.errors)


async def accept_ticked(payment: StaffApi, ticked: Sequence[Ticked], person: UUID) -> Sequence[Result]:
    """Accept lines one after the other. A line is accepted once, however often it is sent.

    Raises:
        Refused: 401 or 403, which have pages of their own.
    """
    until = asyncio.get_running_loop().time() + _SECONDS
    results = []
    for each in ticked:
        if asyncio.get_running_loop().time() > until:
            results.append(Result(each, Verdict.UNTRIED))
            continue
        answer = await payment.create(Accepted, f"/statement-lines/{each.line_id}/accept", json=each.body)
        results.append(Result.of(each, answer))

    async def known(result: Result) -> Result:
        return result if result.verdict is Verdict.ACCEPTED else await _with_line(payment, result, person)

    return await each_of(results, known)


async def _with_line(payment: StaffApi, result: Result, person: UUID) -> Result:
    """Add the line as it is now. One that this person accepted before, as the form was sent twice, is accepted."""
    try:
        line = await unless_away(payment.get(Line, f"/statement-lines/{result.ticked.line_id}"))
    except Refused:
        return result
    if line is not None and line.is_accepted_for(result.ticked.registration_ids, person):
        return Result(result.ticked, Verdict.ACCEPTED)
    return replace(result, line=line)
